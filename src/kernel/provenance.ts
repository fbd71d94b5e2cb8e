/** Who acts, and why: what every event says about its recording. */
export interface Provenance {
  readonly actor: string;
  readonly correlationId: string;
  /** `api`, `system`, or `file:<sha256>#<line>` from the index of an event in its append. */
  readonly source: string | ((index: number) => string);
}
