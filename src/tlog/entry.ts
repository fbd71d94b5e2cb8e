/**
 * The entry of an event in the log: RFC 8785 canonical JSON of its id, stream, revision, type, schema, effective
 * period, recording time and provenance (actor, role, source, correlation and causation), and of the salted hashes of
 * its facts and its words.
 *
 * Neither facts nor words stand in it: once words and their salt are gone, nothing can be learnt of them from the log,
 * and every proof holds. The entry of an event must never change once it is logged, so neither does this file
 * (docs/adr/0016-facts-and-words.md). Tests: test/unit/log-entry.test.ts.
 */
import { quoted } from '../kernel/canonical-json.js';

export interface LoggedEvent {
  readonly id: string;
  readonly stream: string;
  readonly revision: number;
  readonly type: string;
  readonly data: { readonly facts: Readonly<Record<string, unknown>> };
  readonly metadata: {
    readonly schema: string;
    readonly recordedAt: string;
    readonly actor: string;
    readonly role: string;
    readonly source: string;
    readonly correlationId: string;
    readonly causationId?: string | undefined;
    readonly factsHash: string;
    readonly wordsHash?: string | undefined;
  };
}

/** The members stand in the order that RFC 8785 asks for: a sort would cost more than all the rest. */
export function entryOf({ id, stream, revision, type, data, metadata }: LoggedEvent): string {
  const { schema, recordedAt, actor, role, source, correlationId, causationId, factsHash, wordsHash } =
    metadata;
  return (
    `{"actor":${quoted(actor)},` +
    (causationId === undefined ? '' : `"causationId":${quoted(causationId)},`) +
    `"correlationId":${quoted(correlationId)},${effectiveOf(data.facts)}"factsHash":${quoted(factsHash)},` +
    `"id":${quoted(id)},"recordedAt":${quoted(recordedAt)},"revision":${revision},"role":${quoted(role)},` +
    `"schema":${quoted(schema)},"source":${quoted(source)},"stream":${quoted(stream)},"type":${quoted(type)}` +
    (wordsHash === undefined ? '}' : `,"wordsHash":${quoted(wordsHash)}}`)
  );
}

/** An outcome and its correction have a period; nothing else does. */
function effectiveOf({ effective }: LoggedEvent['data']['facts']): string {
  if (effective === undefined) return '';
  const { from, to } = effective as { readonly from: string; readonly to: string };
  return `"effective":{"from":${quoted(from)},"to":${quoted(to)}},`;
}
