/** The answer about the growth of the log, as JSON. */
import { IsArray, Matches } from 'class-validator';
import { Describe, WholeNumber } from '../api/decorators.js';
import { A_HASH, HASH } from '../api/log-entry.views.js';

export class ConsistencyView {
  @Describe({ description: 'The size of the earlier tree.', example: 40 })
  @WholeNumber({ min: 0 })
  readonly from!: number;

  @Describe({ description: 'The size of the later tree.', example: 42 })
  @WholeNumber({ min: 0 })
  readonly to!: number;

  @Describe({ description: 'Of the earlier tree, base64.', example: A_HASH })
  @Matches(HASH)
  readonly fromRootHash!: string;

  @Describe({ description: 'Of the later tree, base64.', example: A_HASH })
  @Matches(HASH)
  readonly rootHash!: string;

  @Describe({
    description: 'That the earlier tree is the beginning of the later one (RFC 6962, section 2.1.2).',
    example: [A_HASH],
  })
  @IsArray()
  @Matches(HASH, { each: true })
  readonly hashes!: readonly string[];
}
