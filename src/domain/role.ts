/**
 * The rights of callers. A call is open to the admin and to the roles in its `may` (api/call-spec.ts), and to nobody
 * else. The OpenAPI document shows these grants, and test/e2e/access.test.ts holds them to a table.
 *
 * A caller in the role `programme` is kept to its own programmes, and must name one where a question may name one: a
 * figure that was cut down in silence would be taken for the whole (docs/adr/0013-who-may-do-what.md).
 */
import { ROLES, type Role } from '../kernel/provenance.js';
import { Refused } from '../kernel/refusals.js';

/** These are the ways to keep a call to the programmes of its caller. */
export type OwnProgrammes =
  /** The address has the id of the programme. */
  | 'in-path'
  /** The parameter `programme` must name a programme. */
  | 'in-query'
  /** The handler decides once it has found the thing and knows its programme. */
  | 'when-found'
  /** The list leaves other programmes out. */
  | 'in-list'
  /** The call tells nothing about any programme. */
  | 'regardless';

export interface Grants {
  readonly programme?: OwnProgrammes;
  readonly reporter?: true;
  readonly auditor?: true;
  readonly steward?: true;
}

export interface Principal {
  /** Events name this actor. */
  readonly actor: string;
  readonly roles: readonly Role[];
  /** The caller's own programmes, in the role `programme`. */
  readonly programmes: ReadonlySet<string>;
}

/** The programmes that a call may see and change; null for all of them. */
export type ProgrammeScope = ReadonlySet<string> | null;

/** The role in which a caller makes a call, and how far it may go. */
export interface Acting {
  readonly role: Role;
  readonly scope: ProgrammeScope;
}

export interface NamedProgramme {
  readonly inPath: unknown;
  readonly inQuery: unknown;
}

export const ADMIN: Principal = { actor: 'admin', roles: ['admin'], programmes: new Set() };

export function rolesOf(may: Grants): Role[] {
  return ROLES.filter((role) => role === 'admin' || may[role] !== undefined);
}

/**
 * Decides how a caller may make a call. Of several roles that would do, it acts in the first in the order of ROLES.
 * @throws Refused `not-allowed`
 */
export function actingAs({ roles, programmes }: Principal, may: Grants, named: NamedProgramme): Acting {
  const role = rolesOf(may).find((one) => one !== 'programme' && roles.includes(one));
  if (role) return { role, scope: null };
  const kept = roles.includes('programme') ? may.programme : undefined;
  switch (kept) {
    case undefined:
      throw notAllowed(
        `this call is for the roles ${rolesOf(may).join(', ')}: yours is ${roles.join(', ') || 'none'}`,
      );
    case 'in-path':
      refuseOthers(programmes, named.inPath);
      break;
    case 'in-query':
      if (named.inQuery === undefined) {
        throw notAllowed('you may ask for your own programmes only: name one of them with programme=<id>');
      }
      refuseOthers(programmes, named.inQuery);
      break;
    case 'when-found':
    case 'in-list':
    case 'regardless':
      break;
  }
  return { role: 'programme', scope: programmes };
}

/** A reporter is told what a figure was and is, and why, and never who recorded it. */
export const seesWho = (role: Role): boolean => role !== 'reporter';

export function withoutWho<Told extends { readonly actor?: string }>({
  actor: _,
  ...told
}: Told): Omit<Told, 'actor'> {
  return told;
}

/** @throws Refused `not-allowed` where the programme is not among those of the scope */
export function refuseOthers(scope: ProgrammeScope, programme: unknown): void {
  if (scope === null || (typeof programme === 'string' && scope.has(programme))) return;
  throw notAllowed('it belongs to a programme that is not one of yours');
}

export function notAllowed(detail: string): Refused {
  return new Refused({ code: 'not-allowed', detail });
}
