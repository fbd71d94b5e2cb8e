/** Who acts, in which role, and why: what every event says about its recording, and its entry in the log with it. */

/** The roles in which somebody calls. A caller may have several, and acts in one of them. */
export const ROLES = ['programme', 'reporter', 'auditor', 'steward', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export interface Provenance {
  readonly actor: string;
  /** `system` where the ledger acts by itself. */
  readonly role: Role | 'system';
  readonly correlationId: string;
  /** The event that made the ledger act, where one did. */
  readonly causationId?: string;
  /**
   * Where the content came from: `api`, `system`, or `file:<sha256>#<line>` from the index of an event in its append. A
   * place in a workbook, with its sheet, row and column, goes behind the `#` in the same way.
   */
  readonly source: string | ((index: number) => string);
}
