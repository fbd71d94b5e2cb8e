/** All questions write years and moments in one way, and may name a sequence to wait for. Parameters arrive as text. */
import { DigitsText, Optional } from './decorators.js';

export const A_YEAR = { message: 'must be a financial year such as 2018-19' };
export const CURSOR = /^[A-Za-z0-9_-]{1,400}$/;
export const A_CURSOR = { message: 'must be the `next` of the page before' };
/** The form of a date or an instant; whether it is a real one is found when it is read. */
export const DATE_OR_INSTANT = /^\d{4}-\d{2}-\d{2}(T[0-9:.]{8,18}(Z|[+-]\d{2}:\d{2}))?$/;
export const A_DATE = {
  message: 'must be a date such as 2026-04-30, or an instant such as 2026-04-30T09:30:00Z',
};
export const SEQUENCE_OR_INSTANT = /^(\d{1,16}|\d{4}-\d{2}-\d{2}(T[0-9:.]{8,18}(Z|[+-]\d{2}:\d{2}))?)$/;
export const A_MOMENT = {
  message: 'must be a sequence such as 40, a date such as 2026-04-30, or an instant',
};

/** The entries on a page, unless a question says otherwise. */
export const PAGE_LIMIT = 100;

export const pageLimit = (text: string | undefined) => Number(text ?? PAGE_LIMIT);

export class ReadQueryDto {
  @Optional('Wait, up to ten seconds, until the ledger has reached this sequence.')
  @DigitsText({ max: Number.MAX_SAFE_INTEGER })
  minSequence?: string;
}
