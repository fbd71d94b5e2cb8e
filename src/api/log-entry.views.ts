/** An entry of the log is answered with its proof, in the field names of Sigstore. */
import { IsArray, IsString, Matches } from 'class-validator';
import { Query } from '@nestjs/cqrs';
import { Describe, Nested, Optional } from './decorators.js';

export const HASH = /^[A-Za-z0-9+/]{43}=$/;
export const A_HASH = '3u+4XWRkpBsvgGLQpbnF+1gyTqBWFyZY1FnxkdzqkE8=';
/** The root to which the entry of the example leads, by that hash thrice. */
const A_ROOT = 'irN7OCokaxP6sPiPGXrGE1uiqF6lG/qZo2vkgXnD6PY=';
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const DIGITS = /^\d{1,19}$/;

export class LogIdView {
  @Describe('The id of the key that signs checkpoints: 4 bytes, base64.', 'r0KD6g==')
  @Matches(BASE64)
  readonly keyId!: string;
}

export class EnvelopeView {
  @Describe(
    'A checkpoint that covers the entry, as text.',
    `ledger.example.org/log\n42\n${A_ROOT}\n\n— ledger.example.org/log r0KD6q…\n`,
  )
  @IsString()
  readonly envelope!: string;
}

export class InclusionProofView {
  @Describe('The sequence of the event.', '41')
  @Matches(DIGITS)
  readonly logIndex!: string;

  @Describe('Of the tree that the proof leads to, base64.', A_ROOT)
  @Matches(HASH)
  readonly rootHash!: string;

  @Describe('How many entries that tree has.', '42')
  @Matches(DIGITS)
  readonly treeSize!: string;

  @Describe('From the leaf’s sibling up to the root’s child (RFC 6962, section 2.1.1).', [
    A_HASH,
    A_HASH,
    A_HASH,
  ])
  @IsArray()
  @Matches(HASH, { each: true })
  readonly hashes!: readonly string[];

  @Optional('Where a checkpoint of that tree was signed.')
  @Nested(() => EnvelopeView)
  readonly checkpoint?: EnvelopeView;
}

export class LogEntryView {
  @Describe('The sequence of the event.', '41')
  @Matches(DIGITS)
  readonly logIndex!: string;

  @Describe('Whose log it is.')
  @Nested(() => LogIdView)
  readonly logId!: LogIdView;

  @Describe(
    'The entry, base64: the canonical JSON of what the log says of the event.',
    'eyJhY3RvciI6ImFkbWluIn0=',
  )
  @Matches(BASE64)
  readonly canonicalizedBody!: string;

  @Describe('That the entry is in the log.')
  @Nested(() => InclusionProofView)
  readonly inclusionProof!: InclusionProofView;
}

/**
 * Asks for the proofs that a number of events, from a sequence on, are in the log. If no checkpoint covers them, one is
 * signed.
 */
export class ProveEntries extends Query<LogEntryView[]> {
  constructor(
    readonly first: number,
    readonly count: number,
  ) {
    super();
  }
}
