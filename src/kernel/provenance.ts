/** Every event says who recorded it, in which role, and why; its entry in the log repeats that. */

/** A caller may have several roles, and acts in one of them. */
export const ROLES = ['programme', 'reporter', 'auditor', 'steward', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export interface Provenance {
  readonly actor: string;
  /** The ledger itself acts as `system`. */
  readonly role: Role | 'system';
  readonly correlationId: string;
  /** The event that made the ledger act. */
  readonly causationId?: string;
  /** The origin of the content: `api`, `system`, or `file:<sha256>#<line>` by the index of an event in its append. */
  readonly source: string | ((index: number) => string);
}
