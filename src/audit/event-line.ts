/**
 * The usual line of a bundle, an event with its leaf, read by one expression: to parse all of it and to write it again,
 * as bundle-line.ts must for any other line, takes twice as long, and a bundle is nearly all such lines.
 *
 * What matches has the members that the ledger writes, in its order, each once, of texts that need no escape. Its
 * content is kept as it stands beside what was parsed of it: whoever takes it compares its hash.
 */
import type { BundleEvent } from './bundle-format.js';

const TEXT = '([\\x20-\\x21\\x23-\\x5b\\x5d-\\x7e]+)';
const INSTANT = '(\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z)';
/** What is exact, and has no other spelling. */
const WHOLE = '(0|[1-9]\\d{0,14})';
const EVENT = new RegExp(
  `^\\{"event":\\{"specversion":"1\\.0","id":"${TEXT}","source":"urn:outcome-ledger","type":"${TEXT}",` +
    `"subject":"${TEXT}","time":"${INSTANT}","datacontenttype":"application/json",` +
    `"dataschema":"(urn:outcome-ledger:schema:[\\x20-\\x21\\x23-\\x5b\\x5d-\\x7e]*)","data":(\\{.*\\}),` +
    `"ledgersequence":${WHOLE},"ledgertime":"${INSTANT}","stream":"${TEXT}","revision":${WHOLE},"actor":"${TEXT}",` +
    `"correlationid":"${TEXT}","recordedfrom":"${TEXT}","salt":"([A-Za-z0-9_-]{21}[AQgw])",` +
    `"payloadhash":"([0-9a-f]{64})"\\},"leaf":"([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)"\\}$`,
);

export interface EventLine {
  readonly event: BundleEvent;
  readonly leaf: string;
  /** The data as they stand in the line. */
  readonly content: string;
  readonly subject: string;
}

/** @returns null where the line is another, or has to be looked at more closely; @throws SyntaxError */
export function readEventLine(line: string): EventLine | null {
  const match = EVENT.exec(line);
  if (!match) return null;
  const [, id, type, subject, time, dataschema, content, sequence, ledgertime, stream, revision, ...rest] =
    match as unknown as string[];
  const [actor, , , salt, payloadhash, leaf] = rest as [string, string, string, string, string, string];
  const event: BundleEvent = {
    id: id!,
    type: type!,
    time: time!,
    dataschema: dataschema!,
    data: JSON.parse(content!) as BundleEvent['data'],
    ledgersequence: Number(sequence),
    ledgertime: ledgertime!,
    stream: stream!,
    revision: Number(revision),
    actor,
    salt,
    payloadhash,
  };
  return { event, leaf, content: content!, subject: subject! };
}
