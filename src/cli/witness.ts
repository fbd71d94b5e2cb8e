/** `ledger witness`: serves a witness for other ledgers' logs, with its key and memory in a directory. */
import type { Command } from 'commander';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { encodeVerifierKey, makeSignerKey, parseSignerKey, parseVerifierKey } from '../tlog/note.js';
import { holdDataDir } from '../store/data-dir.js';
import { writeDurably } from '../store/durable-file.js';
import { originHash, Witness, type WitnessAnswer, type WitnessMemory } from '../tlog/witness.js';
import { CommandFailed } from './client.js';
import { print } from './output.js';

interface WitnessCommandOptions {
  readonly dir: string;
  readonly name: string;
  readonly logs: string;
  readonly host: string;
  readonly port: string;
}

const BODY_BYTES_MAX = 64 * 1024;

export function register(ledger: Command): void {
  ledger
    .command('witness')
    .description('watch the logs of others: cosign each checkpoint that continues the last one')
    .requiredOption('--logs <file>', 'the verifier keys of the logs, one a line')
    .requiredOption('--name <name>', 'the witness’s name, such as witness.example.org')
    .option('--dir <dir>', 'the directory of the witness’s key and memory', './witness')
    .option('--host <address>', 'the address to listen on', '127.0.0.1')
    .option('--port <port>', 'the port to listen on; 0 takes any free port', '3100')
    .action(witnessCommand);
}

async function witnessCommand({ dir, name, logs, host, port }: WitnessCommandOptions): Promise<void> {
  const release = holdDataDir(dir, { what: 'witness’s', variable: '--dir' });
  const keyFile = join(dir, 'witness.key');
  if (!existsSync(keyFile)) {
    writeFileSync(keyFile, `${makeSignerKey(name, 'witness')}\n`, { mode: 0o600, flag: 'wx' });
  }
  const key = parseSignerKey(readFileSync(keyFile, 'utf8').trim());
  if (key.verifier.name !== name)
    throw new CommandFailed(`${dir} has the key of the witness ${key.verifier.name}, and not of ${name}`, 2);
  const known = readFileSync(logs, 'utf8').trim().split(/\s+/).map(parseVerifierKey);
  const witness = new Witness({ key, logs: known, memory: memoryIn(dir), now: Date.now });
  const server = createServer((request, response) => {
    answerTo(witness, dir, request).then(
      (answer) => send(response, answer),
      () => response.writeHead(500).end(),
    );
  });
  server.on('close', release);
  server.listen(Number(port), host);
  await once(server, 'listening');
  const { port: bound } = server.address() as AddressInfo;
  print(`The witness serves at http://${host}:${bound} with the key\n${encodeVerifierKey(key.verifier)}`);
}

/** An origin may have any character, so it is known by its hash. */
const fileIn = (dir: string, originHash: string) => join(dir, `${originHash}.checkpoint`);

function memoryIn(dir: string): WitnessMemory {
  const fileOf = (origin: string) => fileIn(dir, originHash(origin));
  return {
    read: (origin) => (existsSync(fileOf(origin)) ? readFileSync(fileOf(origin), 'utf8') : null),
    keep: (origin, checkpoint) => writeDurably(fileOf(origin), checkpoint),
  };
}

async function answerTo(
  witness: Witness,
  dir: string,
  request: IncomingMessage,
): Promise<WitnessAnswer | null> {
  const [, asked] = /^\/([0-9a-f]{64})\/checkpoint$/.exec(request.url ?? '') ?? [];
  if (request.method === 'GET' && asked !== undefined && existsSync(fileIn(dir, asked))) {
    const body = readFileSync(fileIn(dir, asked), 'utf8');
    return { status: 200, type: 'text/plain; charset=utf-8', body };
  }
  if (request.method !== 'POST' || request.url !== '/add-checkpoint') return null;
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    if ((bytes += part.length) > BODY_BYTES_MAX)
      return { status: 400, type: 'text/plain; charset=utf-8', body: 'too large\n' };
    parts.push(part);
  }
  return witness.addCheckpoint(Buffer.concat(parts).toString());
}

function send(response: ServerResponse, answer: WitnessAnswer | null): void {
  if (!answer) response.writeHead(404).end();
  else response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.body);
}
