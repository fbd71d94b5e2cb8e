/** Every event's record of who acted, and of where the request came from. */
export interface Provenance {
  readonly actor: string;
  readonly correlationId: string;
  /** `api`, `system`, or a function that gives `file:<sha256>#<line>` for the index of an event in its append. */
  readonly source: string | ((index: number) => string);
}
