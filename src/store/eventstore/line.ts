/**
 * Two repairs inside the client, through the members that its subclasses use: the client's channel, which stays open
 * when the client is disposed of, and an answer of the server that would end the process.
 */
import type { EventStoreDBClient } from '@eventstore/db-client';

interface Channel {
  close(): void;
}

/**
 * One client's channel and its users. The channel is noted when the client makes it: asking the client for a channel
 * only to close it would start a search for a server.
 */
export interface Line {
  uses: number;
  givenUp: boolean;
  channel: Promise<Channel> | null;
}

export function lineOf(client: EventStoreDBClient): Line {
  const line: Line = { uses: 0, givenUp: false, channel: null };
  const parts = client as unknown as Parts;
  const { getChannel } = parts;
  parts.getChannel = () => (line.channel = getChannel());
  parts.createGRPCClient = async (Client) =>
    new Client(null, null, { channelOverride: await parts.getChannel(), interceptors: [namingTheLeader] });
  return line;
}

interface Parts {
  getChannel: () => Promise<Channel>;
  createGRPCClient: (
    Client: new (address: null, credentials: null, options: object) => unknown,
  ) => Promise<unknown>;
}

interface Status {
  readonly metadata: { get(name: string): readonly unknown[]; remove(name: string): void };
}
type Listener = object & { onReceiveStatus?: (status: Status) => void };
interface InnerCall {
  start(metadata: unknown, listener?: Listener): void;
}

/**
 * Where a node says that it does not lead, and does not say who does, the client throws where nobody can catch it, and
 * the process ends. Without the exception's name in the answer the client sees one more failure of the moment.
 */
function namingTheLeader(options: object, next: (options: object) => InnerCall): InnerCall {
  const call = next(options);
  const start = call.start.bind(call);
  call.start = (metadata, listener) =>
    start(metadata, {
      ...listener,
      onReceiveStatus: (status: Status) => {
        const named = ['leader-endpoint-host', 'leader-endpoint-port'].every(
          (name) => status.metadata.get(name).length > 0,
        );
        if (!named && status.metadata.get('exception')[0] === 'not-leader')
          status.metadata.remove('exception');
        listener?.onReceiveStatus?.(status);
      },
    });
  return call;
}
