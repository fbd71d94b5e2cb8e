/** These calls serve programmes, organisations and measures over HTTP. */
import { Body, Controller, Get, Param, Post, Query, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyReply } from 'fastify';
import {
  financialYearOf,
  londonDate,
  parseCalendarDate,
  parseFinancialYear,
} from '../kernel/financial-year.js';
import { parseMeasureId, parseOrganisationId, parseProgrammeId } from '../kernel/ids.js';
import { parseName } from '../kernel/name.js';
import { amended, type ChangesTo } from '../kernel/picked.js';
import { Refused, thereIsNo } from '../kernel/refusals.js';
import type { CatalogueKind } from '../read-models/catalogue.js';
import { CatalogueView } from '../read-models/catalogue-view.js';
import { Call } from '../api/call.js';
import type { ProgrammeScope } from '../domain/role.js';
import { pageLimit } from '../api/query.dto.js';
import { Recording, Within, type ApiProvenance } from '../api/provenance.js';
import { Clock } from '../kernel/clock.js';
import * as calls from './catalogue.calls.js';
import { CatalogueListQueryDto, OneEntryQueryDto, type ChangeReceipt } from './catalogue.dto.js';
import { DefineMeasureDto, ReviseMeasureDto, type MeasureListView, type MeasureView } from './measure.dto.js';
import {
  AmendOrganisationDto,
  OrganisationQueryDto,
  RegisterOrganisationDto,
  RenameOrganisationDto,
  type OrganisationListView,
  type OrganisationView,
} from './organisation.dto.js';
import {
  AmendProgrammeDto,
  CloseProgrammeDto,
  RegisterProgrammeDto,
  ReopenProgrammeDto,
  type ProgrammeListView,
  type ProgrammeView,
} from './programme.dto.js';
import { ChangeCatalogue, type CatalogueCommand } from './catalogue.handler.js';
import { definitionIn, type Measure, type MeasureDefinition } from '../domain/measure.js';
import { nameOn, type Organisation, type OrganisationDetails } from '../domain/organisation.js';
import type { Programme, ProgrammeDetails, Tags } from '../domain/programme.js';

@Controller('v1')
export class CatalogueController {
  constructor(
    private readonly commands: CommandBus,
    private readonly catalogue: CatalogueView,
    private readonly clock: Clock,
  ) {}

  @Post('programmes')
  @Call(calls.registerProgramme)
  async registerProgramme(
    @Body() { id, personalDataOverride, name, startedOn, ...rest }: RegisterProgrammeDto,
    @Recording() by: ApiProvenance,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ChangeReceipt> {
    const programmeId = parseProgrammeId(id);
    const details = amended(
      { name: parseName(name), startedOn: parseCalendarDate(startedOn) },
      programmeChanges(rest),
    );
    return this.change(
      id,
      { kind: 'register-programme', programmeId, details, personalDataOverride },
      by,
      reply,
    );
  }

  @Post('programmes/:id/amendments')
  @Call(calls.amendProgramme)
  async amendProgramme(
    @Param('id') id: string,
    @Body() { reason, personalDataOverride, ...changes }: AmendProgrammeDto,
    @Recording() by: ApiProvenance,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ChangeReceipt> {
    const programmeId = this.find('programme', id).id;
    const told = { programmeId, changes: programmeChanges(changes), reason, personalDataOverride };
    return this.change(id, { kind: 'amend-programme', ...told }, by, reply);
  }

  @Post('programmes/:id/closure')
  @Call(calls.closeProgramme)
  async closeProgramme(
    @Param('id') id: string,
    @Body() { closedOn, reason, personalDataOverride }: CloseProgrammeDto,
    @Recording() by: ApiProvenance,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ChangeReceipt> {
    const programmeId = this.find('programme', id).id;
    const today = londonDate(this.clock.now());
    const date = parseCalendarDate(closedOn);
    return this.change(
      id,
      { kind: 'close-programme', programmeId, closedOn: date, today, reason, personalDataOverride },
      by,
      reply,
    );
  }

  @Post('programmes/:id/reopening')
  @Call(calls.reopenProgramme)
  async reopenProgramme(
    @Param('id') id: string,
    @Body() { reason, personalDataOverride }: ReopenProgrammeDto,
    @Recording() by: ApiProvenance,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ChangeReceipt> {
    const programmeId = this.find('programme', id).id;
    return this.change(
      id,
      { kind: 'reopen-programme', programmeId, reason, personalDataOverride },
      by,
      reply,
    );
  }

  @Get('programmes')
  @Call(calls.listProgrammes)
  listProgrammes(
    @Query() { after = '', limit }: CatalogueListQueryDto,
    @Within() own: ProgrammeScope,
  ): ProgrammeListView {
    const { entries, next } = this.page('programme', after, limit, own);
    return { programmes: entries.map(programmeView), next };
  }

  @Get('programmes/:id')
  @Call(calls.readProgramme)
  readProgramme(@Param('id') id: string, @Query() _query: OneEntryQueryDto): ProgrammeView {
    return programmeView(this.find('programme', id));
  }

  @Post('organisations')
  @Call(calls.registerOrganisation)
  async registerOrganisation(
    @Body() { id, name, personalDataOverride, ...rest }: RegisterOrganisationDto,
    @Recording() by: ApiProvenance,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ChangeReceipt> {
    const organisationId = parseOrganisationId(id);
    const details = amended({}, organisationChanges(rest));
    const registered = { organisationId, name: parseName(name), details, personalDataOverride };
    return this.change(id, { kind: 'register-organisation', ...registered }, by, reply);
  }

  @Post('organisations/:id/amendments')
  @Call(calls.amendOrganisation)
  async amendOrganisation(
    @Param('id') id: string,
    @Body() { reason, personalDataOverride, ...changes }: AmendOrganisationDto,
    @Recording() by: ApiProvenance,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ChangeReceipt> {
    const organisationId = this.find('organisation', id).id;
    const told = { organisationId, changes: organisationChanges(changes), reason, personalDataOverride };
    return this.change(id, { kind: 'amend-organisation', ...told }, by, reply);
  }

  @Post('organisations/:id/names')
  @Call(calls.renameOrganisation)
  async renameOrganisation(
    @Param('id') id: string,
    @Body() { name, from, personalDataOverride }: RenameOrganisationDto,
    @Recording() by: ApiProvenance,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ChangeReceipt> {
    const organisationId = this.find('organisation', id).id;
    const taken = { name: parseName(name), from: parseCalendarDate(from) };
    const renamed = { organisationId, ...taken, personalDataOverride };
    return this.change(id, { kind: 'rename-organisation', ...renamed }, by, reply);
  }

  @Get('organisations')
  @Call(calls.listOrganisations)
  listOrganisations(@Query() { after = '', limit }: CatalogueListQueryDto): OrganisationListView {
    const { entries, next } = this.page('organisation', after, limit);
    return { organisations: entries.map((entry) => this.organisationView(entry)), next };
  }

  @Get('organisations/:id')
  @Call(calls.readOrganisation)
  readOrganisation(@Param('id') id: string, @Query() { on }: OrganisationQueryDto): OrganisationView {
    return this.organisationView(this.find('organisation', id), on);
  }

  @Post('measures')
  @Call(calls.defineMeasure)
  async defineMeasure(
    @Body()
    {
      id,
      label,
      unit,
      rollsUpInto,
      decimals = 0,
      mayBeNegative = false,
      breakdowns = [],
      personalDataOverride,
      ...rest
    }: DefineMeasureDto,
    @Recording() by: ApiProvenance,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ChangeReceipt> {
    const parent = rollsUpInto === null ? null : parseMeasureId(rollsUpInto);
    const definition: MeasureDefinition = {
      ...rest,
      label: parseName(label),
      unit: parseName(unit),
      decimals,
      mayBeNegative,
      rollsUpInto: parent,
      ...(breakdowns.length > 0 && { breakdowns: breakdowns.map((breakdown) => ({ ...breakdown })) }),
    };
    const defined = { measureId: parseMeasureId(id), definition, personalDataOverride };
    return this.change(id, { kind: 'define-measure', ...defined }, by, reply);
  }

  @Post('measures/:id/revisions')
  @Call(calls.reviseMeasure)
  async reviseMeasure(
    @Param('id') id: string,
    @Body() { from, label, personalDataOverride, ...rest }: ReviseMeasureDto,
    @Recording() by: ApiProvenance,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ChangeReceipt> {
    const revision = { from: parseFinancialYear(from), label: parseName(label), ...rest };
    const revised = { measureId: this.find('measure', id).id, revision, personalDataOverride };
    return this.change(id, { kind: 'revise-measure', ...revised }, by, reply);
  }

  @Get('measures')
  @Call(calls.listMeasures)
  listMeasures(@Query() { after = '', limit }: CatalogueListQueryDto): MeasureListView {
    const { entries, next } = this.page('measure', after, limit);
    return { measures: entries.map((entry) => this.measureView(entry)), next };
  }

  @Get('measures/:id')
  @Call(calls.readMeasure)
  readMeasure(@Param('id') id: string, @Query() _query: OneEntryQueryDto): MeasureView {
    return this.measureView(this.find('measure', id));
  }

  /** Answers 201 when the change is new, and 200 when the same had been done before. */
  private async change(
    id: string,
    command: CatalogueCommand,
    by: ApiProvenance,
    reply: FastifyReply,
  ): Promise<ChangeReceipt> {
    const { changed, sequence } = await this.commands.execute(new ChangeCatalogue(command, by));
    void reply.status(changed ? 201 : 200);
    return { id, sequence };
  }

  private page<Kind extends CatalogueKind>(
    kind: Kind,
    after: string,
    limitText: string | undefined,
    only: ProgrammeScope = null,
  ) {
    const limit = pageLimit(limitText);
    const found = only
      ? this.among(kind, only, after).slice(0, limit + 1)
      : this.catalogue.list(kind, after, limit + 1);
    const entries = found.slice(0, limit);
    return { entries, next: found.length > limit ? entries.at(-1)!.id : null };
  }

  /** Looks the entries up one by one, because a caller has few programmes. */
  private among<Kind extends CatalogueKind>(kind: Kind, ids: ReadonlySet<string>, after: string) {
    const later = [...ids].filter((id) => id > after).sort();
    return later.flatMap((id) => this.catalogue.find(kind, id) ?? []);
  }

  private find<Kind extends CatalogueKind>(kind: Kind, id: string) {
    const entry = this.catalogue.find(kind, id);
    if (!entry) throw new Refused(thereIsNo(kind));
    return entry;
  }

  private measureView(measure: Measure): MeasureView {
    const { status: _s, definedAs: _d, definition: _w, breakdowns = [], revisions, ...rest } = measure;
    return {
      ...rest,
      ...definitionIn(measure, financialYearOf(londonDate(this.clock.now()))),
      breakdowns: breakdowns.map(({ id, values }) => ({ id, values: [...values] })),
      revisions: [...revisions],
    };
  }

  private organisationView(organisation: Organisation, on?: string): OrganisationView {
    const { status: _s, registeredAs: _r, names, ...view } = organisation;
    const date = on === undefined ? londonDate(this.clock.now()) : parseCalendarDate(on);
    return { ...view, name: nameOn(organisation, date), names: [...names] };
  }
}

/** Members are changed as they are told, but a member that says what is so without it is taken away. */
function programmeChanges({
  name,
  startedOn,
  needsSecondPerson,
  tags,
  ...rest
}: Omit<AmendProgrammeDto, 'reason' | 'personalDataOverride'>): ChangesTo<ProgrammeDetails> {
  return {
    ...rest,
    ...(name != null && { name: parseName(name) }),
    ...(startedOn != null && { startedOn: parseCalendarDate(startedOn) }),
    ...(needsSecondPerson !== undefined && { needsSecondPerson: needsSecondPerson || null }),
    ...(tags !== undefined && { tags: orNone(tags) }),
  };
}

function organisationChanges({
  parent,
  from,
  to,
  tags,
  ...rest
}: Omit<AmendOrganisationDto, 'reason' | 'personalDataOverride'>): ChangesTo<OrganisationDetails> {
  return {
    ...rest,
    ...(parent !== undefined && { parent: parent === null ? null : parseOrganisationId(parent) }),
    ...(from !== undefined && { from: from === null ? null : parseCalendarDate(from) }),
    ...(to !== undefined && { to: to === null ? null : parseCalendarDate(to) }),
    ...(tags !== undefined && { tags: orNone(tags) }),
  };
}

const orNone = (tags: Tags | null) => (tags && Object.keys(tags).length > 0 ? tags : null);

function programmeView({ registeredAs: _, ...view }: Programme): ProgrammeView {
  return view;
}
