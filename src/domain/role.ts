/**
 * Who may do what. Whoever calls has roles; the admin may do everything, and what a call does not grant to a role
 * that role may not do. The grants stand beside each call's declaration (`may` in api/call-spec.ts), are shown in
 * the OpenAPI document, and are held to a table by test/e2e/access.test.ts.
 *
 * A caller in the role `programme` is kept to its own programmes. Where a question names one, it must: a figure of
 * all programmes that was cut down in silence would be taken for the whole (docs/adr/0013-who-may-do-what.md).
 */
import { ROLES, type Role } from '../kernel/provenance.js';
import { Refused } from '../kernel/refusals.js';

/** How a call is kept to the programmes of its caller. */
export type OwnProgrammes =
  /** The id in the address is the programme's. */
  | 'in-path'
  /** The parameter `programme` must name one. */
  | 'in-query'
  /** Decided when what is asked for is found, and known whose it is. */
  | 'when-found'
  /** A list that leaves the others out. */
  | 'in-list'
  /** It says nothing of any programme. */
  | 'regardless';

/** Who may make a call, beside the admin. */
export interface Grants {
  readonly programme?: OwnProgrammes;
  readonly reporter?: true;
  readonly auditor?: true;
  readonly steward?: true;
}

/** Who calls. */
export interface Principal {
  /** What events say of who recorded them. */
  readonly actor: string;
  readonly roles: readonly Role[];
  /** Its own, where it has the role `programme`. */
  readonly programmes: ReadonlySet<string>;
}

/** The programmes that a call may see and change; null where it may all. */
export type ProgrammeScope = ReadonlySet<string> | null;

/** In which of its roles a caller makes a call, and how far it may go. */
export interface Acting {
  readonly role: Role;
  readonly scope: ProgrammeScope;
}

/** What a request says of programmes, before anything is looked up. */
export interface NamedProgramme {
  readonly inPath: unknown;
  readonly inQuery: unknown;
}

export const ADMIN: Principal = { actor: 'admin', roles: ['admin'], programmes: new Set() };

/** The roles that may make a call, in the order of ROLES. */
export function rolesOf(may: Grants): Role[] {
  return ROLES.filter((role) => role === 'admin' || may[role] !== undefined);
}

/**
 * How a caller may make a call. Where several of its roles would do, it acts in the first of them in the order of ROLES.
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

/** @throws Refused `not-allowed` for what belongs to a programme that is not among those of the caller */
export function refuseOthers(scope: ProgrammeScope, programme: unknown): void {
  if (scope === null || (typeof programme === 'string' && scope.has(programme))) return;
  throw notAllowed('it belongs to a programme that is not one of yours');
}

export function notAllowed(detail: string): Refused {
  return new Refused({ code: 'not-allowed', detail });
}
