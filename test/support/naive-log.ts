/** The log by its definition alone: the canonical JSON of an entry, and the recursive tree of RFC 6962. */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../src/kernel/canonical-json.js';
import type { RecordedEvent } from '../../src/store/event-store.js';

const sha256 = (...parts: (Buffer | string)[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

export function naiveLeaf({ id, stream, revision, type, data, metadata }: RecordedEvent): Buffer {
  const { factsSalt: _f, wordsSalt: _w, ...logged } = metadata;
  const { effective } = data.facts;
  const entry = { id, stream, revision, type, effective, ...logged };
  return sha256(Buffer.from([0]), canonicalJson(entry));
}

function treeOf(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return sha256('');
  if (leaves.length === 1) return leaves[0]!;
  let middle = 1;
  while (2 * middle < leaves.length) middle *= 2;
  return sha256(Buffer.from([1]), treeOf(leaves.slice(0, middle)), treeOf(leaves.slice(middle)));
}

/** The root of the log of these events, base64. */
export function rootOfEvents(events: readonly RecordedEvent[]): string {
  return treeOf(events.map(naiveLeaf)).toString('base64');
}
