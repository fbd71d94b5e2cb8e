/**
 * The gate decides who gets in, before a byte of a body is read. It asks in this order: who calls (401), how often the
 * caller may (429), whether there is such an address (404, 405), whether the request is clear (400, 415), whether the
 * caller may make the call (403), and whether there is room (503). A call that tells who recorded what is logged before
 * it is answered, whatever the level of the log.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ADMIN, actingAs, type Principal } from '../domain/role.js';
import type { ReadLog } from '../operation/log.js';
import type { Admission, AdmittedPlace } from './admission.js';
import type { Authentication } from './authentication.js';
import type { RouteAccess } from '../api/call.js';
import { Problem } from '../api/problem.js';
import type { RateLimits } from './rate-limits.js';
import type { RouteTable } from './route-table.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The place of a request that was let in; null where anyone may ask. */
    place: AdmittedPlace | null;
    /** Whether the caller would still be let in; answers that have no end ask this again and again. */
    isStillLetIn(): Promise<boolean>;
  }
}

interface Doorkeepers {
  readonly authentication: Authentication;
  readonly limits: RateLimits;
  readonly admission: Admission;
  readonly routes: RouteTable;
  readonly readLog: ReadLog;
}

export class Gate {
  constructor(private readonly doorkeepers: Doorkeepers) {}

  /** @throws Problem, Refused `not-allowed` */
  async enter(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { access } = request.routeOptions.config;
    if (access?.may === null) return refuseUnclear(request);
    const { limits, admission, routes } = this.doorkeepers;
    const caller = await this.identify(request);
    request.actor = caller.actor;
    if (caller !== ADMIN) await limits.caller(request);
    if (!access) throw routes.problemFor(request.url.split('?', 1)[0]!);
    refuseUnclear(request);
    const { role, scope } = actingAs(caller, access.may, named(request));
    request.role = role;
    request.scope = scope;
    // `close` comes however the answer ends: after its last byte, and where the reader has gone.
    const place = admission.enter(caller.actor, caller !== ADMIN);
    reply.raw.once('close', () => place.leave());
    request.place = place;
    if (access.logged) await this.logReading(request, access, caller);
    if (/^100-continue$/i.test(request.headers.expect ?? '')) reply.raw.writeContinue();
  }

  async isStillLetIn({ headers }: FastifyRequest): Promise<boolean> {
    try {
      await this.doorkeepers.authentication.callerOf(headers.authorization);
      return true;
    } catch {
      // The stream just ends here; a caller that asks again is told why.
      return false;
    }
  }

  private async identify(request: FastifyRequest): Promise<Principal> {
    try {
      return await this.doorkeepers.authentication.callerOf(request.headers.authorization);
    } catch (error) {
      if (error instanceof Problem && error.code === 'unauthenticated') {
        await this.doorkeepers.limits.failure(request);
      }
      throw error;
    }
  }

  private logReading({ url, ip, id }: FastifyRequest, access: RouteAccess, caller: Principal): Promise<void> {
    const { authentication, readLog } = this.doorkeepers;
    const { actor, roles } = caller;
    return readLog({
      reads: access.id,
      actor,
      roles,
      url: authentication.withoutSecrets(url),
      ip,
      reqId: id,
    });
  }
}

function named({ params, query }: FastifyRequest): { readonly inPath: unknown; readonly inQuery: unknown } {
  const { id: inPath } = params as { readonly id?: unknown };
  const { programme: inQuery } = query as { readonly programme?: unknown };
  return { inPath, inQuery };
}

/** Node keeps the first of each of these headers and drops the rest; a proxy in between may have read the last. */
const GIVEN_ONCE = /^(authorization|content-type|host)$/i;
const ANOTHER_CHARSET = /;\s*charset\s*=(?!\s*(?:utf-8|"utf-8")\s*(?:;|$))/i;

/** Refuses a request that could be read in two ways, or only by guessing. */
function refuseUnclear({ raw }: FastifyRequest): void {
  const { headers, httpVersion, rawHeaders, url } = raw;
  if (url!.includes('#')) throw new Problem('bad-request', 'an address is sent without its fragment');
  if (headers.host === undefined && httpVersion === '1.1') {
    throw new Problem('bad-request', 'HTTP/1.1 asks for a Host header');
  }
  const once = rawHeaders.filter((name, index) => index % 2 === 0 && GIVEN_ONCE.test(name));
  if (new Set(once.map((name) => name.toLowerCase())).size < once.length) {
    throw new Problem('bad-request', 'Authorization, Content-Type and Host must be given once');
  }
  const { 'content-encoding': encoding = 'identity', 'content-type': type = '' } = headers;
  if (encoding.toLowerCase() !== 'identity' || ANOTHER_CHARSET.test(type)) {
    throw new Problem('unsupported-media-type', 'send the body in UTF-8, and without a Content-Encoding');
  }
}
