/** The answer about the growth of the log, as JSON. */
import { IsArray, Matches } from 'class-validator';
import { Describe, WholeNumber } from '../api/decorators.js';
import { A_HASH, HASH } from '../api/log-entry.views.js';

export class ConsistencyView {
  @Describe('The size of the earlier tree.', 1)
  @WholeNumber({ min: 0 })
  readonly from!: number;

  @Describe('The size of the later tree.', 2)
  @WholeNumber({ min: 0 })
  readonly to!: number;

  @Describe('Of the earlier tree, base64.', A_HASH)
  @Matches(HASH)
  readonly fromRootHash!: string;

  @Describe('Of the later tree, base64.', '9AJ/A5ZIgu2hL1MQBYn1x3ym0+jdwfMysWRAcWcFrkY=')
  @Matches(HASH)
  readonly rootHash!: string;

  @Describe('That the earlier tree is the beginning of the later one (RFC 6962, section 2.1.2).', [A_HASH])
  @IsArray()
  @Matches(HASH, { each: true })
  readonly hashes!: readonly string[];
}
