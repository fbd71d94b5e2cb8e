/** Rows of the catalogue as the views file holds them: each a state that an entry was left in, under a mark. */
import { markOf, refuseUnmarked } from './mark.js';

export type CatalogueKind = 'programme' | 'organisation' | 'measure' | 'key';

export interface CatalogueRow {
  readonly kind: CatalogueKind;
  readonly id: string;
  /** Of the event that left it so. */
  readonly sequence: number;
  /** JSON. */
  readonly state: string;
}
export type MarkedCatalogueRow = CatalogueRow & { readonly mark: number };

export function markOfEntry({ kind, id, sequence, state }: CatalogueRow): number {
  return markOf([sequence], kind, id, state);
}

/** @throws ViewsDamaged */
export function trustedEntryOf(row: MarkedCatalogueRow): unknown {
  refuseUnmarked(row.mark, markOfEntry(row), `the ${row.kind} ${row.id} at sequence ${row.sequence}`);
  return JSON.parse(row.state);
}
