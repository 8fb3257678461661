import type { Paging } from '../contract/route.ts';

export type Page = { limit: number; offset: number; page_number: number; page_size: number };

/** The rows that `page` and `page_size` ask for; the reference's default is 50. */
export function pageOf(query: { page?: number | undefined; page_size?: number | undefined }, largest = 500): Page {
  const page_size = Math.min(query.page_size ?? 50, largest);
  const page_number = query.page ?? 1;
  return { limit: page_size, offset: (page_number - 1) * page_size, page_number, page_size };
}

/** The `paging` of an answer. */
export function pagingOf(page: Page, total_entries: number): Paging {
  return {
    page_number: page.page_number,
    page_size: page.page_size,
    total_entries,
    total_pages: Math.max(1, Math.ceil(total_entries / page.page_size)),
  };
}
