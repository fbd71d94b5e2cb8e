/** These DTOs are the parameters of calls that read events. Query parameters arrive as text. */
import { Matches } from 'class-validator';
import { DigitsText, Optional, Slug } from '../api/decorators.js';
import { EVENT_TYPE } from '../api/outcome.dto.js';
import { A_MOMENT, ReadQueryDto, SEQUENCE_OR_INSTANT } from '../api/query.dto.js';

const A_TYPE = { message: 'must be a type of event such as PatientBenefited' };

export class HistoryQueryDto extends ReadQueryDto {
  @Optional('Events after this sequence; the `next` of the page before.')
  @DigitsText({ max: Number.MAX_SAFE_INTEGER })
  after?: string;

  @Optional('Events up to this sequence, instant, or end of a day.')
  @Matches(SEQUENCE_OR_INSTANT, A_MOMENT)
  until?: string;

  @Optional('Events on a page, up to 1000. Lines of NDJSON go on to the end without it.')
  @DigitsText({ min: 1, max: 1_000 })
  limit?: string;
}

export class EventsQueryDto extends HistoryQueryDto {
  @Optional('Only events that concern this programme.')
  @Slug()
  programme?: string;

  @Optional('Only events of this type.', 'PatientBenefited')
  @Matches(EVENT_TYPE, A_TYPE)
  type?: string;
}

export class StreamQueryDto extends ReadQueryDto {
  @Optional('Events after this sequence. `Last-Event-ID` goes before it.')
  @DigitsText({ max: Number.MAX_SAFE_INTEGER })
  after?: string;

  @Optional('Only events that concern this programme.')
  @Slug()
  programme?: string;

  @Optional('Only events of this type.')
  @Matches(EVENT_TYPE, A_TYPE)
  type?: string;
}
