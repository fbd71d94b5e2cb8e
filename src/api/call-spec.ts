/** The description of a call, which `@Call` is given, has the shapes below. */
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
  /** This example is shown instead of the one that is made of the examples of the view's fields. */
  readonly example?: View;
  /** The contents by media type, beside or instead of JSON. */
  readonly content?: Readonly<Record<string, Content>>;
  readonly headers?: readonly ResponseHeader[];
}

/** The description says who may make the call: without that it does not compile, and no server starts with it. */
export type CallSpec<View extends object = object> = CallTold<View> & (Open | Guarded);

interface Open {
  /** Anyone may make the call, without a key. */
  readonly open: true;
  readonly may?: undefined;
}

interface Guarded {
  readonly open?: undefined;
  /** The roles that may make the call, beside the admin. */
  readonly may: Grants;
}

interface CallTold<View extends object> {
  /** The tag of the call, where its controller does not say it. */
  readonly tag?: Tag;
  readonly summary: string;
  readonly description?: string;
  readonly params?: Readonly<Record<string, Described>>;
  readonly query?: Dto;
  readonly headers?: readonly RequestHeader[];
  readonly body?: Dto | Readonly<Record<string, Content>>;
  /** Example bodies by what they show, instead of the one that is made of the examples of its fields. */
  readonly examples?: Readonly<Record<string, object>>;
  readonly answers: Readonly<Record<number, CallAnswer<View>>>;
  /** The problems of the call itself; the problems that any call can meet are added to them. */
  readonly problems?: Problems;
  /** The pointer to the part of the body that the rules are about: an outcome of a submission is at `/outcomes/0`. */
  readonly faultsBelow?: string;
  /** Whether the answer tells who recorded what, so that each reader of it is logged. */
  readonly logged?: true;
}

/** The answer to whoever has it already, of a call whose answers may be such that never change. */
export const NOT_MODIFIED = {
  304: { says: 'What was kept under that tag is still the answer.', headers: ['ETag'] },
} as const;

/** The problems that any call can meet that records texts of its caller. */
export const TEXT_PROBLEMS = ['text-unreadable', 'personal-data-suspected'] as const;

/** Problems are listed by status: an unknown id is a 404 in the path or the query, and a 422 in a body. */
export type Problems = Readonly<Record<number, readonly ProblemCode[]>>;
