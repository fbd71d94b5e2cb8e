/**
 * An event of the ledger as a CloudEvent 1.0 in JSON format.
 *
 * `time` is when it was recorded by the recording process's clock. The ledger's own values stand in extension
 * attributes: `ledgersequence`, `ledgertime` (never going back along the sequence), `stream`, `revision`, `actor`,
 * `role`, `correlationid`, `causationid`, `recordedfrom`, and the salts and hashes that prove facts and words
 * unaltered.
 */
import { EVENT_SCHEMA_PREFIX, EVENT_SOURCE, type CloudEvent } from './event.views.js';
import type { SequencedEvent } from '../read-models/history.js';

/** A clock that was further back than this when it recorded an event is flagged. */
const CLOCK_STEP_BACK_MS = 5_000;

export function cloudEventOf({ event, sequence, ledgerTimeMs }: SequencedEvent): CloudEvent {
  const { id, type, data, stream, revision, metadata } = event;
  const { schema, recordedAt, actor, role, correlationId, causationId, source } = metadata;
  const { factsSalt, factsHash, wordsSalt, wordsHash } = metadata;
  const steppedBack = ledgerTimeMs - Date.parse(recordedAt) > CLOCK_STEP_BACK_MS;
  return {
    specversion: '1.0',
    id,
    source: EVENT_SOURCE,
    type,
    subject: typeof data.facts['outcomeId'] === 'string' ? data.facts['outcomeId'] : stream,
    time: recordedAt,
    datacontenttype: 'application/json',
    dataschema: EVENT_SCHEMA_PREFIX + schema,
    data,
    ledgersequence: sequence,
    ledgertime: new Date(ledgerTimeMs).toISOString(),
    stream,
    revision,
    actor,
    role,
    correlationid: correlationId,
    ...(causationId !== undefined && { causationid: causationId }),
    recordedfrom: source,
    factssalt: factsSalt,
    factshash: factsHash,
    ...(wordsSalt !== undefined && { wordssalt: wordsSalt }),
    ...(wordsHash !== undefined && { wordshash: wordsHash }),
    ...(steppedBack && { clocksteppedback: true }),
  };
}
