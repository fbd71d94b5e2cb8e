/**
 * What the log says of an event: RFC 8785 canonical JSON of its id, stream, revision, type, schema, effective
 * period, recording time, actor, and the hash of salt ‖ canonical payload.
 *
 * The payload itself is not in it: once payload and salt are gone, nothing can be learnt of them from the log,
 * and every proof holds. The text must never change for an event that is logged, so neither does this file.
 */
import { quoted } from '../kernel/canonical-json.js';

/** As the store's events are, and as those of a bundle can be made. */
export interface LoggedEvent {
  readonly id: string;
  readonly stream: string;
  readonly revision: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata: {
    readonly schema: string;
    readonly recordedAt: string;
    readonly actor: string;
    readonly payloadHash: string;
  };
}

/** The members stand in the order that RFC 8785 asks for: a sort would cost more than all the rest. */
export function entryOf({ id, stream, revision, type, data, metadata }: LoggedEvent): string {
  const { schema, recordedAt, actor, payloadHash } = metadata;
  return (
    `{"actor":${quoted(actor)},${effectiveOf(data)}"id":${quoted(id)},"payloadHash":${quoted(payloadHash)},` +
    `"recordedAt":${quoted(recordedAt)},"revision":${revision},"schema":${quoted(schema)},` +
    `"stream":${quoted(stream)},"type":${quoted(type)}}`
  );
}

/** Of outcomes and their corrections; nothing else has a period. */
function effectiveOf({ effective }: LoggedEvent['data']): string {
  if (effective === undefined) return '';
  const { from, to } = effective as { readonly from: string; readonly to: string };
  return `"effective":{"from":${quoted(from)},"to":${quoted(to)}},`;
}
