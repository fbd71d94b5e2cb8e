/**
 * Read of the streams service without a subscription: a stream or the global order, either way, up to a count.
 *
 * A read begins with the event it names: `$all` forwards at a position includes the event there, a stream at a
 * revision includes that revision. Backwards, `$all` begins with the event before its position.
 */
import { ReadReq } from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { ReadResponse } from './encoded-events.js';
import { filterOf } from './event-filter.js';
import { eventMessage } from './links.js';
import type { NodeContext } from './node-context.js';
import { ResponseWriter } from './response-writer.js';
import { streamDeleted } from './rpc-errors.js';
import { follow } from './subscriptions.js';
import * as wire from './wire.js';

export type ReadCall = ServerWritableStream<ReadReq, ReadResponse>;

export function readCall(node: NodeContext) {
  return (call: ReadCall): void => {
    const options = call.request.getOptions()!;
    const kind = options.hasSubscription() ? 'subscribe' : options.hasAll() ? 'read-all' : 'read-stream';
    const writer = new ResponseWriter(call, node.faultedStream(call), node.faults.take(kind));
    const refusal = node.refusalOfRead(call.metadata);
    if (refusal) return writer.fail(refusal);
    const stream = options.hasAll() ? null : wire.streamOf(options.getStream()!.getStreamIdentifier());
    if (stream !== null && node.log.stream(stream).tombstoned) return writer.fail(streamDeleted(stream));
    const answered = options.hasSubscription()
      ? follow(node, options, writer)
      : read(node, options, stream, writer);
    // The writer has told the client; what else goes wrong here is a bug of the double's own.
    answered.catch((error: unknown) => call.emit('error', error));
  };
}

async function read(
  node: NodeContext,
  options: ReadReq.Options,
  stream: string | null,
  writer: ResponseWriter,
): Promise<void> {
  if (stream !== null && (node.log.stream(stream).notFound || lastVisible(node, stream) < 0)) {
    if (await writer.send(wire.notFoundResponse(stream), 'step')) await writer.end();
    return;
  }
  const { log } = node;
  const filter = filterOf(options);
  const indexes = stream === null ? indexesOfAll(node, options) : indexesOfStream(node, options, stream);
  let left = BigInt(options.getCount());
  for (const index of indexes) {
    const event = log.at(index);
    if (filter && !filter.matches(event)) continue;
    if (left-- <= 0n) break;
    if (!(await writer.send(eventMessage(log, event, options.getResolveLinks()), 'step'))) return;
  }
  await writer.end();
}

function indexesOfAll(node: NodeContext, options: ReadReq.Options): Iterable<number> {
  const all = options.getAll()!;
  const position = all.getPosition();
  const from = position ? node.log.indexFrom(wire.placeOf(position)) : all.hasEnd() ? node.end() : 0;
  return isBackwards(options) ? down(Math.min(from, node.end()) - 1, 0) : up(from, node.end());
}

function* indexesOfStream(node: NodeContext, options: ReadReq.Options, name: string): Generator<number> {
  const from = options.getStream()!;
  const { indexes, firstRevision } = node.log.stream(name);
  const last = lastVisible(node, name);
  const start = from.hasEnd() ? (isBackwards(options) ? last : last + 1) : Number(from.getRevision());
  const revisions = isBackwards(options)
    ? down(Math.min(start, last), firstRevision)
    : up(Math.max(start, firstRevision), last + 1);
  for (const revision of revisions) yield indexes[revision]!;
}

/** The last revision of a stream that this node has. */
function lastVisible(node: NodeContext, name: string): number {
  const { indexes, lastRevision } = node.log.stream(name);
  let last = lastRevision;
  while (last >= 0 && indexes[last]! >= node.end()) last--;
  return last;
}

const isBackwards = (options: ReadReq.Options) =>
  options.getReadDirection() === ReadReq.Options.ReadDirection.BACKWARDS;

function* up(from: number, before: number): Generator<number> {
  for (let at = from; at < before; at++) yield at;
}

function* down(from: number, least: number): Generator<number> {
  for (let at = from; at >= least; at--) yield at;
}
