import { describe, expect, test } from '@jest/globals';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeTreeHead, parseCheckpoint } from '../../src/tlog/checkpoint.js';
import { leafHash } from '../../src/tlog/merkle.js';
import {
  BadNote,
  encodeVerifierKey,
  makeSignerKey,
  parseNote,
  parseSignerKey,
  parseVerifierKey,
  signNote,
  verifiedSignatures,
} from '../../src/tlog/note.js';
import { encodeProof, parseProof } from '../../src/tlog/proof.js';

const vector = (name: string) => readFileSync(join(__dirname, '../vectors/notes', name), 'utf8');
const keys = JSON.parse(vector('keys.json')) as {
  readonly verifier: string;
  readonly signer: string;
  readonly notVerifiers: Readonly<Record<string, string>>;
};
const PETER = vector('peter-neumann.txt');
const COSIGNED = vector('cosigned-checkpoint.txt');

describe('the note of golang.org/x/mod/sumdb/note', () => {
  test('is signed byte for byte', () => {
    const signer = parseSignerKey(keys.signer);
    expect(encodeVerifierKey(signer.verifier)).toBe(keys.verifier);
    expect(signNote(parseNote(PETER).text, [signer])).toBe(PETER);
  });

  test('verifies, and with any letter of its text or signature changed does not', () => {
    const key = parseVerifierKey(keys.verifier);
    expect(verifiedSignatures(parseNote(PETER), [key])).toEqual([{ key }]);
    for (let at = 0; at < PETER.length; at++) {
      const other = PETER[at] === 'A' ? 'B' : 'A';
      const changed = PETER.slice(0, at) + other + PETER.slice(at + 1);
      const verifies = () => verifiedSignatures(parseNote(changed), [key]).length > 0;
      // Where the name or the id is another, the signature is by a key that nobody knows.
      expect(outcomeOf(verifies)).not.toBe(true);
    }
  });

  test('has a key that is taken whole only', () => {
    for (let from = 0; from < keys.verifier.length; from++) {
      for (let to = from + 1; to <= keys.verifier.length; to++) {
        if (from === 0 && to === keys.verifier.length) continue;
        expect(() => parseVerifierKey(keys.verifier.slice(from, to))).toThrow(BadNote);
      }
    }
  });

  test.each(Object.entries(keys.notVerifiers))('%s is no key', (_what, key) => {
    expect(() => parseVerifierKey(key)).toThrow(BadNote);
  });
});

describe('the examples of the C2SP specifications', () => {
  test('a text may have empty lines', () => {
    const { text, signatures } = parseNote(vector('quasimodo.txt'));
    expect(text).toMatch(/sole:\n\ned è subito sera\.\n$/);
    expect(signatures).toMatchObject([{ name: 'quasimodo.example/salvatore', id: '367ba04b' }]);
  });

  test('a checkpoint with a cosignature', () => {
    const { origin, size, root, note } = parseCheckpoint(COSIGNED);
    expect([origin, size, root.toString('base64')]).toEqual([
      'example.com/behind-the-sofa',
      20_852_163n,
      'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=',
    ]);
    expect(encodeTreeHead({ origin, size, root })).toBe(note.text);
    const [log, witness] = note.signatures;
    expect(log).toMatchObject({ name: origin, id: '033de0ae' });
    expect(witness!.name).toBe('witness.example.com/w1');
    expect(witness!.signature.readBigUInt64BE()).toBe(1_679_315_147n);
  });

  test('is verified as a witness of a public log made it, and with any letter of it changed is not', () => {
    const witnessed = vector('witnessed-checkpoint.txt');
    const key = parseVerifierKey('remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2');
    const time = Date.parse('2026-05-23T21:50:24Z') / 1_000;
    expect(verifiedSignatures(parseNote(witnessed), [key])).toEqual([{ key, time }]);
    const text = witnessed.indexOf('\n\n');
    const line = witnessed.indexOf('2net5w');
    const places = [...Array(text).keys(), ...Array.from({ length: 100 }, (_, index) => line + index)];
    for (const place of places) {
      const other = witnessed[place] === 'A' ? 'B' : 'A';
      const changed = witnessed.slice(0, place) + other + witnessed.slice(place + 1);
      const verifies = () => verifiedSignatures(parseNote(changed), [key]).length > 0;
      expect([place, outcomeOf(verifies)]).not.toEqual([place, true]);
    }
  });
});

describe('signatures', () => {
  const log = parseSignerKey(makeSignerKey('ledger.example/log', 'log'));
  const next = parseSignerKey(makeSignerKey('ledger.example/log', 'log'));
  const witness = parseSignerKey(makeSignerKey('witness.example', 'witness'));
  const text = encodeTreeHead({ origin: 'ledger.example/log', size: 3n, root: leafHash('x') });
  const note = signNote(text, [log, next, witness], 1_700_000_000);

  test('of a witness are those of the specification: over the time and the text, by plain Ed25519', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    const bytes = Buffer.concat([Buffer.from([4]), raw]);
    const id = createHash('sha256').update('w.example\n').update(bytes).digest().subarray(0, 4);
    const key = parseVerifierKey(`w.example+${id.toString('hex')}+${bytes.toString('base64')}`);
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(1_679_315_147n);
    const signed = (seconds: number) =>
      sign(null, Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`), privateKey);
    const noteOf = (seconds: number) =>
      parseNote(`${text}\n— w.example ${Buffer.concat([id, time, signed(seconds)]).toString('base64')}\n`);
    expect(verifiedSignatures(noteOf(1_679_315_147), [key])).toEqual([{ key, time: 1_679_315_147 }]);
    expect(() => verifiedSignatures(noteOf(1_679_315_148), [key])).toThrow();
  });

  test('of several keys verify for whoever knows one of them', () => {
    const all = [log, next, witness].map(({ verifier }) => verifier);
    const verified = verifiedSignatures(parseNote(note), all);
    expect(verified.map(({ key }) => key)).toEqual(all);
    expect(verified.map(({ time }) => time)).toEqual([undefined, undefined, 1_700_000_000]);
    for (const key of all) expect(verifiedSignatures(parseNote(note), [key])).toHaveLength(1);
  });

  test('by keys that nobody knows are passed over', () => {
    const stranger = parseSignerKey(makeSignerKey('ledger.example/log', 'log'));
    expect(verifiedSignatures(parseNote(note), [stranger.verifier])).toEqual([]);
  });

  test('of one kind of key are not those of another', () => {
    const line = note.split('\n').find((each) => each.includes('witness.example'))!;
    const [, , blob] = line.split(' ');
    const bytes = Buffer.from(blob!, 'base64');
    bytes.writeUInt32BE(1, 8);
    const later = note.replace(blob!, bytes.toString('base64'));
    expect(() => verifiedSignatures(parseNote(later), [witness.verifier])).toThrow(
      /witness.* does not verify/,
    );
  });

  test.each([
    ['', 'nothing'],
    ['text\n', 'no signature'],
    ['text\n\n', 'no signature line'],
    [note.slice(0, -1), 'no newline at the end'],
    [note.replace('— ', '- '), 'a hyphen'],
    [note.replace('\n3\n', '\n3\t\n'), 'a control character'],
    [note + '\n', 'a line too many'],
    [text + '\n' + note.slice(text.length + 1).repeat(40), 'over a hundred signatures'],
  ])('%j is no note: %s', (wrong) => expect(() => parseNote(wrong)).toThrow(BadNote));
});

describe('checkpoints', () => {
  const signer = parseSignerKey(keys.signer);
  const root = leafHash('x').toString('base64');
  const read = (text: string) => parseCheckpoint(signNote(text, [signer]));

  test('sizes go to 2^63 − 1 exactly', () => {
    expect(read(`a\n9223372036854775807\n${root}\n`).size).toBe(2n ** 63n - 1n);
    expect(read(`a\n9007199254740993\n${root}\nextension\n`).size).toBe(9_007_199_254_740_993n);
  });

  test.each([
    `a\n9223372036854775808\n${root}\n`,
    `a\n03\n${root}\n`,
    `a\n-1\n${root}\n`,
    `a\n3\n${root.slice(1)}\n`,
    `a\n3\n`,
    `\n3\n${root}\n`,
    `a\n3\n${root}\n\nextension\n`,
  ])('%j is none', (text) => expect(() => read(text)).toThrow(BadNote));
});

describe('a proof as text', () => {
  const checkpoint = signNote(encodeTreeHead({ origin: 'a', size: 9n, root: leafHash('x') }), [
    parseSignerKey(keys.signer),
  ]);
  const hashes = [leafHash('1'), leafHash('2')];

  test('gives back what it is made of', () => {
    const text = encodeProof(7, hashes, checkpoint);
    expect(text).toMatch(/^c2sp\.org\/tlog-proof@v1\nindex 7\n/);
    expect(parseProof(text)).toEqual({ index: 7n, hashes, checkpoint: parseCheckpoint(checkpoint) });
    expect(parseProof(text.replace('\nindex', '\nextra AAAA\nindex')).index).toBe(7n);
    expect(parseProof(encodeProof(0, [], checkpoint)).hashes).toEqual([]);
  });

  test.each([
    ['', /first line/],
    ['c2sp.org/tlog-proof@v2\nindex 7\n\n', /first line/],
    [`c2sp.org/tlog-proof@v1\nindex 07\n\n${checkpoint}`, /no index/],
    [`c2sp.org/tlog-proof@v1\nindex 7\nAAAA\n\n${checkpoint}`, /32 bytes/],
    [
      encodeProof(
        7,
        Array.from({ length: 64 }, () => leafHash('1')),
        checkpoint,
      ),
      /over 63/,
    ],
  ])('%j is none', (text, says) => expect(() => parseProof(text)).toThrow(says));
});

function outcomeOf(ask: () => boolean): boolean | 'refused' {
  try {
    return ask();
  } catch (error) {
    expect(error).toBeInstanceOf(BadNote);
    return 'refused';
  }
}
