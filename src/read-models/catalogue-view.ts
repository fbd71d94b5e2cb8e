import { Injectable } from '@nestjs/common';
import type { Key } from '../domain/key.js';
import type { Measure } from '../domain/measure.js';
import type { Organisation } from '../domain/organisation.js';
import type { Programme } from '../domain/programme.js';
import { catalogueState, type CatalogueKind } from './catalogue.js';
import { ReadModels } from './read-models.js';
import { prepared } from './views-file.js';

export interface CatalogueEntries {
  readonly programme: Programme;
  readonly organisation: Organisation;
  readonly measure: Measure;
  readonly key: Key;
}

@Injectable()
export class CatalogueView {
  private readonly cache = new Map<string, unknown>();
  private cachedVersion = -1;

  constructor(private readonly readModels: ReadModels) {}

  find<Kind extends CatalogueKind>(kind: Kind, id: string): CatalogueEntries[Kind] | undefined {
    if (this.cachedVersion !== this.readModels.catalogueVersion) {
      this.cache.clear();
      this.cachedVersion = this.readModels.catalogueVersion;
    }
    const key = `${kind} ${id}`;
    const cached = this.cache.get(key) as CatalogueEntries[Kind] | undefined;
    if (cached) return cached;
    // An entry that does not exist is not remembered: callers can ask for any text, and memory would grow with it.
    const found = this.findAt(kind, id, Number.MAX_SAFE_INTEGER);
    if (found) this.cache.set(key, found);
    return found;
  }

  findAt<Kind extends CatalogueKind>(
    kind: Kind,
    id: string,
    sequence: number,
  ): CatalogueEntries[Kind] | undefined {
    return catalogueState(this.readModels.views, [kind, id], sequence) as CatalogueEntries[Kind] | undefined;
  }

  list<Kind extends CatalogueKind>(kind: Kind, after: string, limit: number): CatalogueEntries[Kind][] {
    const states = prepared(
      this.readModels.views,
      `SELECT state FROM catalogue AS entry WHERE kind = ? AND id > ? AND sequence =
           (SELECT max(sequence) FROM catalogue WHERE kind = entry.kind AND id = entry.id)
         ORDER BY id LIMIT ?`,
    ).pluck();
    return (states.all(kind, after, limit) as string[]).map(
      (state) => JSON.parse(state) as CatalogueEntries[Kind],
    );
  }

  /** The organisation that each body within one is part of at a sequence, by their ids. */
  organisationParents(sequence: number): ReadonlyMap<string, string> {
    const select = prepared(
      this.readModels.views,
      `SELECT id, state ->> 'parent' AS parent FROM catalogue AS entry WHERE kind = 'organisation' AND sequence =
           (SELECT max(sequence) FROM catalogue WHERE kind = entry.kind AND id = entry.id AND sequence <= ?)
         AND parent IS NOT NULL`,
    ).raw();
    return new Map(select.all(sequence) as [string, string][]);
  }

  /**
   * Returns a measure and all that rolled up into it, however far down, each as it was at a sequence; the measure comes
   * first. An answer as of a moment leaves out what was defined later.
   */
  withChildren(measure: Measure, sequence: number): readonly Measure[] {
    const all = this.list('measure', '', Number.MAX_SAFE_INTEGER);
    const family = [this.findAt('measure', measure.id, sequence) ?? measure];
    for (const member of family) {
      const children = all.filter(({ rollsUpInto }) => rollsUpInto === member.id);
      family.push(...children.flatMap(({ id }) => this.findAt('measure', id, sequence) ?? []));
    }
    return family;
  }
}
