import { beforeEach, describe, expect, test } from '@jest/globals';
import { encodeTreeHead, parseCheckpoint } from '../../src/tlog/checkpoint.js';
import { consistencyProof, Frontier, leafHash, type Hash } from '../../src/tlog/merkle.js';
import { makeSignerKey, parseSignerKey, signNote, verifiedSignatures } from '../../src/tlog/note.js';
import { addCheckpointBody, Witness } from '../../src/tlog/witness.js';

const ORIGIN = 'ledger.example.org/log';
const log = parseSignerKey(makeSignerKey(ORIGIN, 'log'));
const key = parseSignerKey(makeSignerKey('witness.example', 'witness'));

const complete = new Map<string, Hash>();
const roots: Hash[] = [];
const tree = new Frontier((height, number, hash) => complete.set(`${height} ${number}`, hash));
for (let index = 0; index <= 20; index++) {
  roots.push(tree.root());
  complete.set(`0 ${index}`, leafHash(`entry ${index}`));
  tree.append(leafHash(`entry ${index}`));
}
const proofOf = (earlier: number, later: number) =>
  consistencyProof(earlier, later, (height, number) => complete.get(`${height} ${number}`)!);
const checkpoint = (size: number, { root = roots[size]!, signer = log, origin = ORIGIN } = {}) =>
  signNote(encodeTreeHead({ origin, size: BigInt(size), root }), [signer]);

const extended = (size: number) =>
  signNote(`${encodeTreeHead({ origin: ORIGIN, size: BigInt(size), root: roots[size]! })}more\n`, [log]);

let memory: Map<string, string>;
let witness: Witness;
beforeEach(() => {
  memory = new Map();
  witness = new Witness({
    key,
    logs: [log.verifier],
    memory: {
      read: (origin) => memory.get(origin) ?? null,
      keep: async (origin, text) => void memory.set(origin, text),
    },
    now: () => 1_700_000_000_000,
  });
});
const send = (earlier: number, later: number, text = checkpoint(later)) =>
  witness.addCheckpoint(addCheckpointBody(earlier, proofOf(earlier, later), text));

test('cosigns a first checkpoint, and each that continues the last', async () => {
  for (const [earlier, later] of [
    [0, 5],
    [5, 8],
    [8, 8],
    [8, 20],
  ] as const) {
    const { status, body } = await send(earlier, later);
    expect(status).toBe(200);
    const note = parseCheckpoint(checkpoint(later) + body).note;
    expect(verifiedSignatures(note, [key.verifier])).toEqual([{ key: key.verifier, time: 1_700_000_000 }]);
    expect(memory.get(ORIGIN)).toBe(checkpoint(later));
  }
});

describe('does not cosign', () => {
  beforeEach(async () => expect((await send(0, 8)).status).toBe(200));
  const forged = leafHash('forged');
  const stranger = parseSignerKey(makeSignerKey(ORIGIN, 'log'));

  test.each([
    ['of a log that it does not know', 404, () => send(0, 9, checkpoint(9, { origin: 'other' }))],
    ['signed by a key that it does not know', 403, () => send(8, 9, checkpoint(9, { signer: stranger }))],
    ['from another size than the last, and tells that', 409, () => send(5, 9)],
    ['of the same size with another root', 409, () => send(8, 8, checkpoint(8, { root: forged }))],
    ['that is no continuation', 422, () => send(8, 9, checkpoint(9, { root: forged }))],
    [
      'smaller than the size it is said to follow',
      400,
      () => witness.addCheckpoint(addCheckpointBody(9, [], checkpoint(8))),
    ],
    ['with extension lines, and tells that', 400, () => send(8, 9, extended(9))],
    ['that is none', 400, () => witness.addCheckpoint('old 8\n\nx')],
    ['without an old size', 400, () => witness.addCheckpoint(checkpoint(9))],
  ])('a checkpoint %s', async (_what, status, ask) => {
    const before = memory.get(ORIGIN);
    const answer = await ask();
    expect(answer.status).toBe(status);
    expect(answer.body).not.toContain('—');
    if (answer.type === 'text/x.tlog.size') expect(answer.body).toBe('8\n');
    expect(memory.get(ORIGIN)).toBe(before);
  });
});

test('F6: cosigns a first checkpoint of no entries only with the root of nothing', async () => {
  expect((await send(0, 0, checkpoint(0, { root: leafHash('forged') }))).status).toBe(409);
  expect((await send(0, 0)).status).toBe(200);
  expect((await send(0, 5)).status).toBe(200);
});

test('of two that follow the same one at once, cosigns one', async () => {
  await send(0, 5);
  const answers = await Promise.all([send(5, 8), send(5, 9)]);
  expect(answers.map(({ status }) => status)).toEqual([200, 409]);
  expect(memory.get(ORIGIN)).toBe(checkpoint(8));
});
