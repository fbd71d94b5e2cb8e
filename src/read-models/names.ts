/**
 * Finds the entry of the catalogue whose name reads like another. Names are compared by the skeletons of Unicode
 * Technical Standard #39, section 4, whatever their case; no skeleton is stored, so that another version of that table
 * changes nothing that was recorded.
 */
import unhomoglyph from 'unhomoglyph';
import type { LookAlike } from '../domain/likeness.js';
import { catalogueState, type CatalogueKind } from './catalogue.js';
import type { CatalogueEntries } from './catalogue-view.js';
import type { ReadModels } from './read-models.js';
import { prepared } from './views-file.js';

/** The names by which people know an entry. The name of a revoked key is free again. */
const NAMES_OF: { readonly [Kind in CatalogueKind]: (entry: CatalogueEntries[Kind]) => readonly string[] } = {
  programme: ({ name }) => [name],
  organisation: ({ names }) => names.map(({ name }) => name),
  measure: ({ definedAs, revisions }) => [definedAs, ...revisions].map(({ label }) => label),
  key: ({ name, status }) => (status === 'revoked' ? [] : [name]),
};

export class Names {
  /** The ids of the entries that have, or once had, a name with that skeleton. */
  private readonly bearers = new Map<string, Set<string>>();
  private learntTo = -1;

  constructor(
    private readonly readModels: ReadModels,
    private readonly kind: CatalogueKind,
  ) {}

  /** Finds another entry with a name that reads like this one. */
  alike(id: string, name: string): LookAlike | undefined {
    this.learn();
    for (const skeleton of skeletonsOf(name)) {
      for (const other of this.bearers.get(skeleton) ?? []) {
        if (other === id) continue;
        const state = catalogueState(this.readModels.views, [this.kind, other]);
        const known = this.namesIn(state).find((one) => skeletonsOf(one).includes(skeleton));
        if (known !== undefined) return { id: other, name: known };
      }
    }
    return undefined;
  }

  private learn(): void {
    const select = 'SELECT id, sequence, state FROM catalogue WHERE kind = ? AND sequence > ?';
    const rows = prepared(this.readModels.views, select).raw().all(this.kind, this.learntTo);
    for (const [id, sequence, state] of rows as [string, number, string][]) {
      this.learntTo = Math.max(this.learntTo, sequence);
      for (const skeleton of this.namesIn(JSON.parse(state)).flatMap(skeletonsOf)) {
        this.bearers.set(skeleton, (this.bearers.get(skeleton) ?? new Set()).add(id));
      }
    }
  }

  private namesIn(state: unknown): readonly string[] {
    return NAMES_OF[this.kind](state as never);
  }
}

/** A capital I looks like a small l, and is one with a small i: a name has a skeleton of each. */
function skeletonsOf(name: string): readonly string[] {
  const plain = name.normalize('NFKD').replaceAll(/\s+/gu, ' ');
  return [unhomoglyph(plain.toLowerCase()), unhomoglyph(plain).toLowerCase()];
}
