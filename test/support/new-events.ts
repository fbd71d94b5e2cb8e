/** Events to append, made from a text each: the same text at the same place is the same event. */
import { canonicalJson, saltedHash } from '../../src/kernel/canonical-json.js';
import { eventIdOf, type StreamName } from '../../src/kernel/ids.js';
import type { NewEvent } from '../../src/store/event-store.js';

export const streamNamed = (name: string) => name as StreamName;

const SALT = 'AAAAAAAAAAAAAAAAAAAAAA';

export function newEvents(
  stream: StreamName,
  firstRevision: number,
  texts: readonly string[],
  salt = SALT,
): NewEvent[] {
  return texts.map((text, index) => {
    const factsHash = saltedHash(salt, canonicalJson({ text }));
    return {
      id: eventIdOf(stream, firstRevision + index, factsHash),
      type: 'PatientBenefited',
      payload: canonicalJson({ facts: { text } }),
      metadata: {
        schema: 'outcome@2',
        recordedAt: '2024-05-01T09:30:00.000Z',
        actor: 'tests',
        role: 'admin',
        correlationId: '7c0b9a52-1f3d-4b9c-8d6e-0a1b2c3d4e5f',
        source: 'api',
        factsSalt: salt,
        factsHash,
      },
    };
  });
}
