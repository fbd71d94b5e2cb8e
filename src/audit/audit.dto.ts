/** What the calls about the log take. Query parameters arrive as text. */
import { Describe, DigitsText, Optional } from '../http/decorators.js';
import { ReadQueryDto } from '../submissions/submissions.dto.js';

export class CheckpointQueryDto {
  @Optional()
  @Describe({
    description:
      'A checkpoint that covers the event with this sequence: one is signed where there is none yet.',
  })
  @DigitsText({ max: Number.MAX_SAFE_INTEGER })
  minSequence?: string;
}

export class ProofQueryDto extends ReadQueryDto {
  @Optional()
  @Describe({
    description: 'In the tree of this size; left out, in that of a checkpoint that covers the event.',
  })
  @DigitsText({ min: 1, max: Number.MAX_SAFE_INTEGER })
  treeSize?: string;
}

export class ConsistencyQueryDto extends ReadQueryDto {
  @Describe({ description: 'The size of the earlier tree.', example: 0 })
  @DigitsText({ max: Number.MAX_SAFE_INTEGER })
  from!: string;

  @Optional()
  @Describe({ description: 'The size of the later tree; left out, that of the newest checkpoint.' })
  @DigitsText({ max: Number.MAX_SAFE_INTEGER })
  to?: string;
}
