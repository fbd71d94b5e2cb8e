/**
 * The ledger's events are answered as CloudEvents 1.0 in JSON format. The ledger's own values stand in extension
 * attributes, whose names CloudEvents keeps to lower-case letters and digits.
 */
import { IsIn, IsUUID, Matches } from 'class-validator';
import { Instant, ListOf, OneOf } from './answers.js';
import { Describe, Nullable, Optional, PlainText, WholeNumber } from './decorators.js';
import type { EventData } from '../kernel/event-data.js';
import { ROLES } from '../kernel/provenance.js';
import { EVENT_DATA } from './event-data.views.js';
import { EVENT_TYPE } from './outcome.dto.js';

export const EVENT_SOURCE = 'urn:outcome-ledger';
const SALT = /^[A-Za-z0-9_-]{22}$/;
const HASH = /^[0-9a-f]{64}$/;
export const EVENT_SCHEMA_PREFIX = 'urn:outcome-ledger:schema:';

export class CloudEvent {
  @Describe({ description: 'Of CloudEvents.', example: '1.0' })
  @IsIn(['1.0'])
  readonly specversion!: '1.0';

  @Describe({
    description: 'A UUID; with `source` it is unique.',
    example: '5d0f7c52-93c1-5b1e-8a66-0f2b8f7f3c11',
  })
  @IsUUID()
  readonly id!: string;

  @Describe({ description: 'This ledger.', example: EVENT_SOURCE })
  @IsIn([EVENT_SOURCE])
  readonly source!: string;

  @Describe({
    description: 'What happened; outcomes have the type that their measure names.',
    example: 'PatientBenefited',
  })
  @Matches(EVENT_TYPE)
  readonly type!: string;

  @Describe({
    description: 'The outcome, or else the stream, that it is about.',
    example: '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f.1',
  })
  @PlainText({ max: 200 })
  readonly subject!: string;

  @Describe({
    description: 'When it was recorded, by the clock of the process that did.',
    example: '2023-07-04T09:30:00.000Z',
  })
  @Instant()
  readonly time!: string;

  @Describe({ description: 'Of `data`.', example: 'application/json' })
  @IsIn(['application/json'])
  readonly datacontenttype!: 'application/json';

  @Describe({
    description: 'The shape of `data` and its version: this, not the type, says how it is read.',
    example: `${EVENT_SCHEMA_PREFIX}outcome@2`,
  })
  @IsIn(Object.keys(EVENT_DATA).map((schema) => EVENT_SCHEMA_PREFIX + schema))
  readonly dataschema!: string;

  @Describe({
    description:
      'What was recorded, as stored: `facts`, and `words` where there are any. Words are absent once they were erased.',
    example: {
      facts: {
        outcomeId: '0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f.1',
        programmeId: 'lipid-management',
        measureId: 'patients-benefited',
        organisationId: 'wessex',
        quantity: 1_200,
        effective: { from: '2023-04-01', to: '2023-06-30' },
        basis: 'counted',
      },
      words: { evidence: { title: 'Quarter 1 return' } },
    },
  })
  @OneOf(() => Object.values(EVENT_DATA))
  readonly data!: EventData;

  @Describe({ description: 'Its place in the ledger: 0, 1, 2, … without gaps.', example: 41 })
  @WholeNumber({ min: 0 })
  readonly ledgersequence!: number;

  @Describe({
    description: 'Like `time`, but never going back along the sequence: what `asAt` means.',
    example: '2023-07-04T09:30:00.000Z',
  })
  @Instant()
  readonly ledgertime!: string;

  @Describe({
    description: 'What is kept consistent with it.',
    example: 'submission-0b8f5a52-6d3c-4f0e-9d0a-3d5b6c7d8e9f',
  })
  @PlainText({ max: 200 })
  readonly stream!: string;

  @Describe({ description: 'Its place in the stream, from 0.', example: 0 })
  @WholeNumber({ min: 0 })
  readonly revision!: number;

  @Describe({ description: 'Who recorded it.', example: 'admin' })
  @PlainText({ max: 200 })
  readonly actor!: string;

  @Describe({
    description: 'The role in which they acted; `system` where the ledger did so by itself.',
    example: 'admin',
  })
  @IsIn([...ROLES, 'system'])
  readonly role!: string;

  @Describe({ description: 'The request that caused it.', example: 'c0ffee00-0000-4000-8000-000000000001' })
  @PlainText({ max: 200 })
  readonly correlationid!: string;

  @Optional()
  @Describe({ description: 'The event that caused it, if one did.' })
  @PlainText({ max: 200 })
  readonly causationid?: string;

  @Describe({ description: '`api`, `system`, or `file:<sha256>#<line>`.', example: 'api' })
  @PlainText({ max: 200 })
  readonly recordedfrom!: string;

  @Describe({ description: '16 random bytes, base64url.', example: 'q83vEjRWeJCrze8SNFZ4kA' })
  @Matches(SALT)
  readonly factssalt!: string;

  @Describe({
    description: 'SHA-256(factssalt ‖ RFC 8785 canonical JSON of `data.facts`), hexadecimal.',
    example: '01c4a0a1baac279288a4bc11ad6dec855beb5e21bbe7a4950774b681762a4c4c',
  })
  @Matches(HASH)
  readonly factshash!: string;

  @Optional()
  @Describe({
    description: '16 random bytes, base64url. Absent where there are no words, or they were erased.',
    example: 'EjRWeJCrze8SNFZ4kKvN7w',
  })
  @Matches(SALT)
  readonly wordssalt?: string;

  @Optional()
  @Describe({
    description:
      'SHA-256(wordssalt ‖ RFC 8785 canonical JSON of `data.words`), hexadecimal. Absent where it never had words.',
    example: '84b4d83a42f839a35ec2a836f1a198bc76950b11c8fe8429a0a643f9ce9c70a3',
  })
  @Matches(HASH)
  readonly wordshash?: string;

  @Optional()
  @Describe({ description: 'Present where the clock stood more than five seconds behind ledger time.' })
  @IsIn([true])
  readonly clocksteppedback?: true;
}

/** Events in order of sequence. */
export class EventsPage {
  @Describe({ description: 'In order of sequence.' })
  @ListOf(() => CloudEvent)
  readonly events!: readonly CloudEvent[];

  @Nullable()
  @Describe({ description: 'The `after` of the next page; null on the last.', example: '41' })
  @Matches(/^\d{1,16}$/)
  readonly next!: string | null;
}
