/**
 * An event of the ledger as a CloudEvent 1.0 in JSON format.
 *
 * `time` is when it was recorded by the recording process's clock. What is the ledger's own stands in extension
 * attributes: `ledgersequence`, `ledgertime` (never going back along the sequence), `stream`, `revision`,
 * `actor`, `correlationid`, `recordedfrom`, and the `salt` and `payloadhash` that prove the data unaltered.
 */
import type { SequencedEvent } from './history.js';

/** A clock that was further back than this when it recorded an event is flagged. */
const CLOCK_STEP_BACK_MS = 5_000;

export interface CloudEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly dataschema: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly ledgersequence: number;
  readonly ledgertime: string;
  readonly stream: string;
  readonly revision: number;
  readonly actor: string;
  readonly correlationid: string;
  readonly causationid?: string;
  readonly recordedfrom: string;
  readonly salt: string;
  readonly payloadhash: string;
  readonly clocksteppedback?: true;
}

export function cloudEventOf({ event, sequence, ledgerTimeMs }: SequencedEvent): CloudEvent {
  const { id, type, data, stream, revision, metadata } = event;
  const { schema, recordedAt, actor, correlationId, causationId, source, salt, payloadHash } = metadata;
  const steppedBack = ledgerTimeMs - Date.parse(recordedAt) > CLOCK_STEP_BACK_MS;
  return {
    specversion: '1.0',
    id,
    source: 'urn:outcome-ledger',
    type,
    subject: typeof data['outcomeId'] === 'string' ? data['outcomeId'] : stream,
    time: recordedAt,
    datacontenttype: 'application/json',
    dataschema: `urn:outcome-ledger:schema:${schema}`,
    data,
    ledgersequence: sequence,
    ledgertime: new Date(ledgerTimeMs).toISOString(),
    stream,
    revision,
    actor,
    correlationid: correlationId,
    ...(causationId !== undefined && { causationid: causationId }),
    recordedfrom: source,
    salt,
    payloadhash: payloadHash,
    ...(steppedBack && { clocksteppedback: true }),
  };
}
