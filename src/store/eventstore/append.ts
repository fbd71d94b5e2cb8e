/**
 * One append as a call of its own: `event_store.client.streams.Streams/Append`.
 *
 * The client's `appendToStream` sends all appends of a process through one call where the server supports that. In that
 * call a server that dies rejects the appends of every caller; an answer that comes later is thrown where nobody can
 * catch it; each append carries an absolute time of this machine's clock, after which the server drops it; and an error
 * while an append is written leaves a promise that never settles. Here a call is one append, its deadline is relative,
 * and the bytes are sent as they were hashed. The client keeps the connection, the credentials and the way to the
 * leader.
 */
import { convertToCommandError, type BaseOptions, type EventStoreDBClient } from '@eventstore/db-client';
import { Empty, StreamIdentifier, UUID } from '@eventstore/db-client/generated/shared_pb.js';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { AppendReq, type AppendResp } from '@eventstore/db-client/generated/streams_pb.js';
import type { ExpectedRevision, NewEvent, Position } from '../event-store.js';
import { encodePosition } from './events.js';

export interface AppendCall {
  readonly stream: string;
  readonly expected: ExpectedRevision;
  readonly events: readonly NewEvent[];
  readonly deadlineMs: number;
}

export type AppendAnswer =
  | { readonly outcome: 'appended'; readonly lastRevision: number; readonly position: Position | null }
  | { readonly outcome: 'wrong-expectation'; readonly actual: ExpectedRevision };

type AppendArguments = Parameters<StreamsClient['append']>;

/** The members of the client that its subclasses use. */
interface Extensible {
  execute<Answer>(
    this: void,
    client: typeof StreamsClient,
    name: string,
    action: (streams: StreamsClient) => Promise<Answer>,
  ): Promise<Answer>;
  callArguments(this: void, options: BaseOptions): [AppendArguments[0], AppendArguments[1]];
}

export function appendOnce(client: EventStoreDBClient, call: AppendCall): Promise<AppendAnswer> {
  const { execute, callArguments } = client as unknown as Extensible;
  return execute(
    StreamsClient,
    'append',
    (streams) =>
      new Promise((resolve, reject) => {
        const [metadata, options] = callArguments({ deadline: call.deadlineMs, requiresLeader: true });
        const sink = streams.append(metadata, options, (error, response) => {
          if (error) reject(typed(error));
          else resolve(answerOf(response));
        });
        sink.on('error', (error) => reject(typed(error)));
        sink.write(optionsOf(call));
        for (const event of call.events) sink.write(proposed(event));
        sink.end();
      }),
  );
}

function optionsOf({ stream, expected }: AppendCall): AppendReq {
  const options = new AppendReq.Options();
  options.setStreamIdentifier(new StreamIdentifier().setStreamName(base64(stream)));
  if (expected === 'no-stream') options.setNoStream(new Empty());
  else options.setRevision(String(expected));
  return new AppendReq().setOptions(options);
}

function proposed({ id, type, payload, metadata }: NewEvent): AppendReq {
  const message = new AppendReq.ProposedMessage();
  message.setId(new UUID().setString(id));
  message.getMetadataMap().set('type', type).set('content-type', 'application/json');
  message.setData(base64(payload));
  message.setCustomMetadata(base64(JSON.stringify(metadata)));
  return new AppendReq().setProposedMessage(message);
}

const base64 = (text: string) => Buffer.from(text, 'utf8').toString('base64');

function answerOf(response: AppendResp): AppendAnswer {
  const wrong = response.getWrongExpectedVersion();
  if (wrong) {
    const actual = wrong.hasCurrentRevision() ? Number(wrong.getCurrentRevision()) : 'no-stream';
    return { outcome: 'wrong-expectation', actual };
  }
  const success = response.getSuccess()!;
  const at = success.getPosition();
  const [commit, prepare] = [at?.getCommitPosition(), at?.getPreparePosition()].map((text) =>
    BigInt(text ?? 0),
  );
  const position = at === undefined ? null : encodePosition({ commit: commit!, prepare: prepare! });
  return { outcome: 'appended', lastRevision: Number(success.getCurrentRevision()), position };
}

/** The conversion of the client itself fails where a server does not say who leads. */
function typed(error: Error): Error {
  try {
    return convertToCommandError(error);
  } catch {
    return new Error(error.message, { cause: error });
  }
}
