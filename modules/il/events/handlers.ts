import type { Handlers } from '@zdravo/kit/contract';
import { pageOf, pagingOf } from '@zdravo/kit/http';
import { sql } from 'kysely';
import type { IlDeps } from '../deps.ts';
import type { contract } from './contract.ts';

type EventRow = {
  id: string;
  event_type: string;
  entity_type: string;
  entity_id: string;
  properties: Record<string, unknown>;
  event_time: string;
  changed_by: string;
};

export function createHandlers({ db }: IlDeps): Handlers<typeof contract> {
  return {
    listEvents: async ({ query }) => {
      const page = pageOf(query);
      const { attribute_name = 'status' } = query;
      const conditions = [
        sql`true`,
        ...(query.date === undefined
          ? []
          : [sql`event_time >= ${query.date}::date and event_time < ${query.date}::date + interval '1 day'`]),
        ...(query.event_type === undefined ? [] : [sql`event_type = ${query.event_type}`]),
        ...(query.entity_type === undefined ? [] : [sql`entity_type = ${query.entity_type}`]),
        ...(query.attribute_name === undefined ? [] : [sql`properties ? ${query.attribute_name}`]),
        ...(query.new_value === undefined
          ? []
          : [sql`properties -> ${attribute_name}::text ->> 'new_value' = ${query.new_value}`]),
      ];
      const where = sql.join(conditions, sql` and `);
      const counted = await sql<{ total: number }>`
        select count(*) as total from il.status_change_events where ${where}`.execute(db);
      const { rows } = await sql<EventRow>`
        select id, event_type, entity_type, entity_id, properties, event_time, changed_by from il.status_change_events
        where ${where} order by event_time, id limit ${page.limit} offset ${page.offset}`.execute(db);
      return { data: rows, paging: pagingOf(page, counted.rows[0]!.total) };
    },
  };
}
