/** These requests go over a socket as bytes: `fetch` and `node:http` would not send them. */
import { connect } from 'node:net';
import { ADMIN_KEY, type Ledger } from './ledger.js';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Fields of a request that the ledger answers and then closes the connection. */
export const FIELDS = `Host: ledger\r\nAuthorization: Bearer ${ADMIN_KEY}\r\nConnection: close\r\n`;

/**
 * Sends bytes, and reads until the ledger closes the connection.
 * @param halfClose announces that no more bytes will come, as a client does that dies
 */
export async function sendRaw(
  { url }: Ledger,
  bytes: string | Uint8Array,
  { halfClose = false } = {},
): Promise<readonly RawAnswer[]> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let received = '';
  socket.setEncoding('utf8').on('data', (text: string) => (received += text));
  // The ledger may close while it is still being written to.
  socket.on('error', () => undefined);
  socket.setTimeout(20_000, () => socket.destroy(new Error('the ledger neither answered nor closed')));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(bytes);
  if (halfClose) socket.end();
  await closed;
  return answersIn(received);
}

/** The answers in a text, one after another, each as long as its headers say. */
function answersIn(text: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  for (let rest = text; rest !== '';) {
    const [head, ...more] = rest.split('\r\n\r\n');
    const [first, ...fields] = head!.split('\r\n');
    const headers = new Headers(fields.map((field) => field.split(/: ?(.*)/s, 2) as [string, string]));
    const body = more.join('\r\n\r\n');
    const length = Number(headers.get('content-length') ?? body.length);
    answers.push({ status: Number(first!.split(' ')[1]), headers, text: body.slice(0, length) });
    rest = body.slice(length);
  }
  return answers;
}
