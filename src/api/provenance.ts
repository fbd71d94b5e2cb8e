/** Provenance says who asks and under which request id; the events that follow from the request record it. */
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { seesWho, type ProgrammeScope } from '../domain/role.js';
import type { Provenance, Role } from '../kernel/provenance.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The authenticated subject; set before the body is read. */
    actor: string;
    /** The role in which the caller was let in. */
    role: Role;
    /** The programmes that this request may see and change. */
    scope: ProgrammeScope;
  }
}

export type ApiProvenance = Provenance & { readonly source: 'api' };

export const Recording = createParamDecorator((_data: unknown, context: ExecutionContext): ApiProvenance => {
  const { actor, role, id } = context.switchToHttp().getRequest<FastifyRequest>();
  return { actor, role, correlationId: id, source: 'api' };
});

/** Whether the caller may be told who recorded something. */
export const SeesWho = createParamDecorator((_data: unknown, context: ExecutionContext): boolean =>
  seesWho(context.switchToHttp().getRequest<FastifyRequest>().role),
);

/** The scope of the caller: null for all programmes, or the programmes that the caller is kept to. */
export const Within = createParamDecorator(
  (_data: unknown, context: ExecutionContext): ProgrammeScope =>
    context.switchToHttp().getRequest<FastifyRequest>().scope,
);
