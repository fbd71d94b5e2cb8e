/**
 * Reads the lines of a bundle. Nearly all of them are events whose data have one of a few forms, and those are read by
 * expressions: to parse one, write it again and compare, as bundle-line.ts does with any line, takes twice as long
 * (docs/adr/0016-facts-and-words.md).
 *
 * The law: an expression takes only lines that bundle-line.ts takes, and reads the same from them. Every other line is
 * left to that file, which names what is wrong with it. Tests: test/unit/event-line.test.ts.
 */
import type { Members, PartTexts } from '../kernel/event-data.js';
import { instantOf, SCHEMA_PREFIX, type BundleEvent, type BundleLine } from './bundle-format.js';
import { parseBundleLine } from './bundle-line.js';

/** A text that is not empty and needs no escape. */
const TEXT = '[^"\\\\\\x00-\\x1f\\ud800-\\udfff]+';
/** A whole number in its one spelling, of no more digits than are exact. */
const WHOLE = '(?:0|[1-9]\\d{0,14})';
const SALT = '[A-Za-z0-9_-]{21}[AQgw]';
const HASH = '[0-9a-f]{64}';
const LEAF = '[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=';

const text = (name: string, form = TEXT) => `"${name}":"(?<${name}>${form})"`;
const value = (name: string, form: string) => `"${name}":(?<${name}>${form})`;

/** The members of an event in the order in which the ledger writes them; a form says what the data have. */
const EVENT = new RegExp(
  `^\\{"event":\\{"specversion":"1\\.0",${text('id')},"source":"urn:outcome-ledger",${text('type')},` +
    `${text('subject')},${text('time')},"datacontenttype":"application/json",` +
    `${text('dataschema', SCHEMA_PREFIX + TEXT)},${value('data', '\\{.*\\}')},${value('ledgersequence', WHOLE)},` +
    `${text('ledgertime')},${text('stream')},${value('revision', WHOLE)},${text('actor')},${text('role')},` +
    `${text('correlationid')},(?:${text('causationid')},)?${text('recordedfrom')},` +
    `${text('factssalt', SALT)},${text('factshash', HASH)}` +
    `(?:,${text('wordssalt', SALT)},${text('wordshash', HASH)})?\\},${text('leaf', LEAF)}\\}$`,
);
type EventTexts = Readonly<
  Record<Exclude<keyof BundleEvent, 'clocksteppedback'> | 'subject' | 'leaf', string>
>;

/** Lines with data of more forms, and with longer data of a form that is not known, are parsed. */
const FORMS_MAX = 32;
const DATA_LENGTH_MAX = 2_000;

export class EventLines {
  /** An expression for each form of data that was parsed, with the texts of the facts and the words. */
  private readonly forms = new Map<string, RegExp>();

  /** @param parse reads the lines that no expression takes */
  constructor(private readonly parse = parseBundleLine) {}

  /** @throws Error that says what no ledger would write */
  read(line: string): BundleLine {
    const known = this.readKnown(line);
    if (known) return known;
    const parsed = this.parse(line);
    if ('event' in parsed) this.learn(parsed.event.data, parsed.parts);
    return parsed;
  }

  private readKnown(line: string): BundleLine | null {
    const texts = EVENT.exec(line)?.groups as EventTexts | undefined;
    const parts = texts && this.partsIn(texts.data);
    if (!parts || (parts.words === undefined) !== (texts.wordssalt === undefined)) return null;
    const { stream, subject, time, ledgertime } = texts;
    const facts = JSON.parse(parts.facts) as Members;
    const { outcomeId = stream } = facts;
    if (subject !== outcomeId || Number.isNaN(instantOf(time)) || Number.isNaN(instantOf(ledgertime)))
      return null;
    const event: BundleEvent = {
      id: texts.id,
      type: texts.type,
      time,
      dataschema: texts.dataschema,
      data: { facts },
      ledgersequence: Number(texts.ledgersequence),
      ledgertime,
      stream,
      revision: Number(texts.revision),
      actor: texts.actor,
      role: texts.role,
      correlationid: texts.correlationid,
      causationid: texts.causationid,
      recordedfrom: texts.recordedfrom,
      factssalt: texts.factssalt,
      factshash: texts.factshash,
      wordssalt: texts.wordssalt,
      wordshash: texts.wordshash,
    };
    return { event, leaf: texts.leaf, parts };
  }

  private partsIn(data: string): PartTexts | null {
    for (const form of this.forms.values()) {
      const parts = form.exec(data);
      if (parts) return { facts: parts[1]!, words: parts[2] };
    }
    return null;
  }

  private learn({ facts, words }: BundleEvent['data'], parts: PartTexts): void {
    const length = parts.facts.length + (parts.words?.length ?? 0);
    if (this.forms.size === FORMS_MAX || length > DATA_LENGTH_MAX) return;
    const form = `^\\{"facts":(${formOf(facts)})${words ? `,"words":(${formOf(words)})` : ''}\\}$`;
    if (!this.forms.has(form)) this.forms.set(form, new RegExp(form));
  }
}

/** Takes JSON with the same members in the same order, in which texts and whole numbers alone may be others. */
function formOf(value: unknown): string {
  if (typeof value === 'string') return value === '' ? '""' : `"${TEXT}"`;
  if (typeof value === 'number') return `(?:-(?!0))?${WHOLE}`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `\\[${value.map(formOf).join(',')}\\]`;
  const members = Object.entries(value).map(([name, member]) => {
    const quoted = JSON.stringify(name).replace(/[^\w"]/g, '\\$&');
    return `${quoted}:${formOf(member)}`;
  });
  return `\\{${members.join(',')}\\}`;
}
