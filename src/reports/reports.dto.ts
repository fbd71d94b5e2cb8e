/** These DTOs are the parameters of calls that read events. Query parameters arrive as text. */
import { Matches } from 'class-validator';
import { Describe, DigitsText, Optional, Slug } from '../api/decorators.js';
import { EVENT_TYPE } from '../api/outcome.dto.js';
import { A_MOMENT, ReadQueryDto, SEQUENCE_OR_INSTANT } from '../api/query.dto.js';

const A_TYPE = { message: 'must be a type of event such as PatientBenefited' };

export class HistoryQueryDto extends ReadQueryDto {
  @Optional()
  @Describe({ description: 'Events after this sequence; the `next` of the page before.' })
  @DigitsText({ max: Number.MAX_SAFE_INTEGER })
  after?: string;

  @Optional()
  @Describe({ description: 'Events up to this sequence, instant, or end of a day.' })
  @Matches(SEQUENCE_OR_INSTANT, A_MOMENT)
  until?: string;

  @Optional()
  @Describe({ description: 'Events on a page, up to 1000. NDJSON goes on to the end without it.' })
  @DigitsText({ min: 1, max: 1_000 })
  limit?: string;
}

export class EventsQueryDto extends HistoryQueryDto {
  @Optional()
  @Describe({ description: 'Only events that concern this programme.' })
  @Slug()
  programme?: string;

  @Optional()
  @Describe({ description: 'Only events of this type.', example: 'PatientBenefited' })
  @Matches(EVENT_TYPE, A_TYPE)
  type?: string;
}

export class StreamQueryDto extends ReadQueryDto {
  @Optional()
  @Describe({ description: 'Events after this sequence. `Last-Event-ID` goes before it.' })
  @DigitsText({ max: Number.MAX_SAFE_INTEGER })
  after?: string;

  @Optional()
  @Describe({ description: 'Only events that concern this programme.' })
  @Slug()
  programme?: string;

  @Optional()
  @Describe({ description: 'Only events of this type.' })
  @Matches(EVENT_TYPE, A_TYPE)
  type?: string;
}
