/** Keeps every state of each programme, organisation, measure and key: what the catalogue was at any sequence. */
import type { Database, Statement } from 'better-sqlite3';
import { keyDecider, type KeyState } from '../domain/key.js';
import { measureDecider, type MeasureState } from '../domain/measure.js';
import { organisationDecider, type OrganisationState } from '../domain/organisation.js';
import { programmeDecider, type ProgrammeState } from '../domain/programme.js';
import type { LedgerEvent } from '../domain/upcast.js';
import {
  markOfEntry,
  trustedEntryOf,
  type CatalogueKind,
  type MarkedCatalogueRow,
} from './catalogue-rows.js';

export class CatalogueProjection {
  private readonly insert: Statement;
  private readonly latest: Statement<[string, string]>;
  /** The catalogue is small beside the outcomes: thousands of entries at most. */
  private readonly states = new Map<string, unknown>();

  constructor(db: Database) {
    this.insert = db.prepare('INSERT INTO catalogue VALUES (?, ?, ?, ?, ?)');
    this.latest = db.prepare(
      'SELECT * FROM catalogue WHERE kind = ? AND id = ? ORDER BY sequence DESC LIMIT 1',
    );
  }

  /** Whether the event was one of the catalogue's. */
  apply(event: LedgerEvent, sequence: number): boolean {
    switch (event.schema) {
      case 'programme-registered@1':
      case 'programme-amended@1':
      case 'programme-closed@1':
      case 'programme-reopened@1': {
        const id = event.data.programmeId;
        const state = this.read<ProgrammeState>('programme', id) ?? programmeDecider.initialState;
        return this.write('programme', id, sequence, programmeDecider.evolve(state, event));
      }
      case 'organisation-registered@1':
      case 'organisation-renamed@1': {
        const id = event.data.organisationId;
        const state = this.read<OrganisationState>('organisation', id) ?? organisationDecider.initialState;
        return this.write('organisation', id, sequence, organisationDecider.evolve(state, event));
      }
      case 'measure-defined@1':
      case 'measure-revised@1': {
        const id = event.data.measureId;
        const state = this.measure(id) ?? measureDecider.initialState;
        return this.write('measure', id, sequence, measureDecider.evolve(state, event));
      }
      case 'key-created@1':
      case 'key-rotated@1':
      case 'key-revoked@1': {
        const id = event.data.keyId;
        const state = this.read<KeyState>('key', id) ?? keyDecider.initialState;
        return this.write('key', id, sequence, keyDecider.evolve(state, event));
      }
      default:
        return false;
    }
  }

  measure(id: string): MeasureState | undefined {
    return this.read<MeasureState>('measure', id);
  }

  forget(): void {
    this.states.clear();
  }

  private read<State>(kind: CatalogueKind, id: string): State | undefined {
    const key = `${kind} ${id}`;
    if (!this.states.has(key)) {
      const row = this.latest.get(kind, id) as MarkedCatalogueRow | undefined;
      if (!row) return undefined;
      this.states.set(key, trustedEntryOf(row));
    }
    return this.states.get(key) as State;
  }

  private write(kind: CatalogueKind, id: string, sequence: number, state: unknown): true {
    this.states.set(`${kind} ${id}`, state);
    const row = { kind, id, sequence, state: JSON.stringify(state) };
    this.insert.run(kind, id, sequence, row.state, markOfEntry(row));
    return true;
  }
}
