/** B1: of a file that is no bundle, or not as it was sent, nobody is accused: the checker says what it looks like. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { verifyFile } from '../../src/checker/verify-file.js';
import { AuditedLedger } from '../support/audited-ledger.js';
import { LivedLedger } from '../support/lived-ledger.js';
import { longHistory } from '../support/long-history.js';

const dir = mkdtempSync(join(tmpdir(), 'ledger-others-'));
let whole: string;
let checkpoint: string;
let key: string;
beforeAll(async () => {
  const lived = await LivedLedger.of(longHistory(10));
  const ledger = new AuditedLedger(lived);
  checkpoint = await ledger.checkpoint();
  whole = await ledger.bundle();
  key = ledger.signer.verifierKeys[0]!;
  await lived.remove();
});
afterAll(() => {
  rmSync(dir, { recursive: true });
});

const verdictOf = (content: string | Buffer) => {
  const file = join(dir, 'file');
  writeFileSync(file, content);
  return verifyFile(file, { key });
};

test('as it was sent, the bundle is good', async () => {
  expect((await verdictOf(whole)).exitCode).toBe(0);
});

test.each<[string, () => string | Buffer, RegExp]>([
  ['is empty', () => '', /is empty/],
  ['went through a Windows editor', () => whole.replaceAll('\n', '\r\n'), /other line ends/],
  ['has a byte order mark', () => `\ufeff${whole}`, /byte order mark/],
  ['is compressed', () => gzipSync(whole), /is compressed/],
  ['is a web page', () => '<html><title>502 Bad Gateway</title></html>\n', /is a web page/],
  ['is a PDF', () => '%PDF-1.7\n', /is a PDF/],
  ['is other JSON', () => '{"id":"1"}\n', /does not begin as a bundle/],
  ['is a checkpoint', () => checkpoint, /is a checkpoint/],
  ['ends within a line', () => whole.slice(0, whole.length / 2), /breaks off/],
  ['ends before its last line', () => whole.slice(0, whole.lastIndexOf('\n{') + 1), /breaks off/],
])('a file that %s', async (_what, content, says) => {
  const { exitCode, text } = await verdictOf(content());
  expect([exitCode, text]).toEqual([2, expect.stringMatching(says)]);
});
