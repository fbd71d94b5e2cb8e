/** Time stamps as a real authority makes them (test/vectors/timestamps), and what is none. */
import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { elementsIn } from '../../src/tlog/der.js';
import { BadTimeStamp, timeStampRequest, tokenIn, verifyTimeStamp } from '../../src/tlog/timestamp.js';

const vector = (name: string) => readFileSync(join(__dirname, '../vectors/timestamps', name), 'utf8');
const answer = (name: string) => Buffer.from(vector(`${name}.tsr.base64`), 'base64');
const TEXT = vector('checkpoint-text');
const ROOT = 'ec704619763166473dffad838701a2250c3ac505e7562311e2d71bcc2fbb4145';
const SIGNERS = {
  rsa: 'd1f6574568aa486277e213b4ca57f3fdfb70e451789453d16d58885afc22f3b7',
  ec: '87ea422d6f6d58520aaf0ee922a9bc933c2149c583501b0947338a447dc12b5d',
};
const TIME = Date.parse('2026-11-25T01:48:58Z');

describe('a time stamp', () => {
  test.each(['rsa', 'ec'] as const)('of %s says when, and which certificates vouch for it', (name) => {
    expect(verifyTimeStamp(tokenIn(answer(name)), TEXT)).toMatchObject({
      timeMs: TIME,
      certificates: [SIGNERS[name], ROOT],
    });
  });

  test.each([
    ['of another text', () => verifyTimeStamp(tokenIn(answer('ec')), `${TEXT}x\n`), /it stamps another text/],
    ['of another hash', () => verifyTimeStamp(tokenIn(answer('sha512')), TEXT), /not a SHA-256/],
    [
      'by a certificate for something else',
      () => verifyTimeStamp(Buffer.from(vector('not-an-authority.token.base64'), 'base64'), TEXT),
      /no time-stamping authority/,
    ],
    ['that was refused', () => tokenIn(Buffer.from('30053003020102', 'hex')), /refused it \(2\)/],
    ['of no form', () => tokenIn(Buffer.from(TEXT)), /not a time stamp/],
    ['that is empty', () => verifyTimeStamp(Buffer.alloc(0), TEXT), /an element of tag 0x30 is missing/],
  ])('%s is none', (_what, verify, says) => {
    expect(verify).toThrow(BadTimeStamp);
    expect(verify).toThrow(says);
  });

  test('with any byte altered says no other time, and nobody vouches for it who did not', () => {
    const genuine = tokenIn(answer('ec'));
    let refused = 0;
    for (let at = 0; at < genuine.length; at++) {
      const token = Buffer.from(genuine);
      token[at]! ^= 1 << (at % 8);
      try {
        const { timeMs, certificates } = verifyTimeStamp(token, TEXT);
        expect([at, timeMs]).toEqual([at, TIME]);
        if (certificates.includes(ROOT)) expect(certificates[0]).toBe(SIGNERS.ec);
      } catch (error) {
        expect(error).toBeInstanceOf(BadTimeStamp);
        refused++;
      }
    }
    // The rest are bytes that nothing signs, such as those of the root's own certificate.
    expect(refused).toBeGreaterThan(genuine.length / 2);
  });

  test('is asked for with the hash of the text, a nonce, and the wish for certificates', () => {
    const nonce = Buffer.from('7f00000000000001', 'hex');
    const asked = timeStampRequest(TEXT, nonce);
    // As openssl ts -query writes it, but for its nonce.
    expect(asked.toString('hex')).toBe(
      `3043020101${'3031300d060960864801650304020105000420'}` +
        '8a8ff5ea89a5c10f3f5ec6fc0c7da9fb1406b63cc14028b6af6fb57a52522157' +
        '02087f000000000000010101ff',
    );
  });
});

test.each(['30', '3080', '308101', '30820001aa', '3081051234', '1f0100', '300401'])(
  'DER that could be written otherwise, or ends early, is refused: %s',
  (hex) => expect(() => elementsIn(Buffer.from(hex, 'hex'))).toThrow(/not DER/),
);
