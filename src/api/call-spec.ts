/** How a call is described: the shape of what `@Call` is given. */
import type { Grants } from '../domain/role.js';
import type { RequestHeader, ResponseHeader } from './call-headers.js';
import type { Dto, JsonSchema } from './decorators.js';
import type { ProblemCode } from './problem.js';

export type Tag =
  | 'Programmes'
  | 'Organisations'
  | 'Measures'
  | 'Outcomes'
  | 'Totals'
  | 'History'
  | 'Audit'
  | 'Keys'
  | 'Operation';

export interface Described {
  readonly description: string;
  readonly schema: JsonSchema;
  readonly example: string;
}

/** A body or an answer that is not one JSON value. */
export interface Content {
  readonly schema: JsonSchema;
  /** The JSON Schema of each line, or of the data of each event. */
  readonly itemSchema?: JsonSchema;
  readonly example?: string;
  readonly dtos?: readonly Dto[];
}

export interface CallAnswer<View extends object> {
  readonly says: string;
  readonly view?: new () => View;
  /** Instead of the one that is made of the examples of the view's fields. */
  readonly example?: View;
  /** By media type, beside or instead of JSON. */
  readonly content?: Readonly<Record<string, Content>>;
  readonly headers?: readonly ResponseHeader[];
}

/** A call that does not say who may make it does not compile, and no server starts with it. */
export type CallSpec<View extends object = object> = CallTold<View> & (Open | Guarded);

interface Open {
  /** Anyone may make it, without a key. */
  readonly open: true;
  readonly may?: undefined;
}

interface Guarded {
  readonly open?: undefined;
  /** Who may make it, beside the admin. */
  readonly may: Grants;
}

interface CallTold<View extends object> {
  readonly tag: Tag;
  /** The name that generated clients give the call. */
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  readonly params?: Readonly<Record<string, Described>>;
  readonly query?: Dto;
  readonly headers?: readonly RequestHeader[];
  readonly body?: Dto | Readonly<Record<string, Content>>;
  /** Bodies by what they show, instead of the one made of the examples of its fields. */
  readonly examples?: Readonly<Record<string, object>>;
  readonly answers: Readonly<Record<number, CallAnswer<View>>>;
  /** Those of the call itself; what any call can meet is added. */
  readonly problems?: Problems;
  /** The pointer of what the rules speak of: an outcome of a submission is at `/outcomes/0`. */
  readonly faultsBelow?: string;
  /** Tells who recorded what: whoever reads it is logged. */
  readonly logged?: true;
}

/** What any call can meet that records what its caller writes. */
export const OF_TEXTS = ['text-unreadable', 'personal-data-suspected'] as const;

/** By status: what is unknown is a 404 in the path or the query, and a 422 in a body. */
export type Problems = Readonly<Record<number, readonly ProblemCode[]>>;
