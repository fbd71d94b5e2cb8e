import { describe, expect, test } from '@jest/globals';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { canonicalJson, makeSalt, saltedHash } from '../../src/kernel/canonical-json.js';

describe('canonical JSON', () => {
  test('is what RFC 8785 gives as its example', () => {
    const numbers = [333333333.33333329, 1e30, 4.5, 2e-3, 0.000000000000000000000000001];
    const string = '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"\/';
    expect(canonicalJson({ numbers, string, literals: [null, true, false] })).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  test('orders names by their UTF-16 units, as RFC 8785 gives them', () => {
    const names = ['\u20ac', '\r', '\ufb33', '1', '\ud83d\ude00', '\u0080', '\u00f6'];
    const ordered = ['\r', '1', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33'];
    const text = canonicalJson(Object.fromEntries(names.map((name) => [name, 0])));
    expect(text).toBe(`{${ordered.map((name) => `${JSON.stringify(name)}:0`).join(',')}}`);
  });

  test('is what another implementation makes of any value', () => {
    const values = fc.jsonValue({ stringUnit: 'binary', maxDepth: 4 });
    fc.assert(fc.property(values, (value) => expect(canonicalJson(value)).toBe(canonicalize(value))));
  });

  test('leaves out a member that is undefined', () => {
    expect(canonicalJson({ b: 1, a: undefined })).toBe('{"b":1}');
  });

  test.each([[NaN], [Infinity], [undefined], [[undefined]], [{ a: [() => 0] }]])('refuses %p', (value) => {
    expect(() => canonicalJson(value)).toThrow('assertion failed');
  });
});

describe('salts and hashes', () => {
  test('a thousand salts are of 16 bytes each, and no two alike', () => {
    const salts = Array.from({ length: 1_000 }, makeSalt);
    expect(new Set(salts).size).toBe(1_000);
    for (const salt of salts) expect(Buffer.from(salt, 'base64url')).toHaveLength(16);
  });

  test('a salted hash is SHA-256 over the bytes of the salt and then those of the text', () => {
    // printf '\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17{"note":"é"}' | sha256sum
    expect(saltedHash('AAECAwQFBgcICQoLDA0ODw', '{"note":"é"}')).toBe(
      'adc188570c3cb97880896b762a8ae224a9ab579f0ae755c91a4c2c673b746622',
    );
  });
});
