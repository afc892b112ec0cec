/**
 * Which pages are in use. What SQLite has set free stays as it was, with rows that are long gone. Three parts of the file tell, independently: the trees, by
 * what they have; the pointer map, five bytes for each page of a file that can shrink; and the list of free pages
 * (https://www.sqlite.org/fileformat2.html §1.5, §1.6, §1.8).
 */

import { PAGE_SIZE, type PageFile } from "./page-file.ts";
import { readTreePage } from "./record.ts";

/** Of the table, its index and the progress: a file that can shrink has them in front, in the order in which they were made. */
const ROOTS = [3, 4, 5];
const ENTRY_BYTES = 5;
/** Pages from one page of the map to the next. */
const MAPPED = Math.floor(PAGE_SIZE / ENTRY_BYTES) + 1;
/** Where SQLite's locks lie. */
const LOCK_PAGE = 0x4000_0000 / PAGE_SIZE + 1;

/** `used`: of a tree, or the rest of a long value. */
export type PageUse = "tree" | "rest" | "used" | "free" | "map";

const BY_TYPE: Readonly<Record<number, PageUse>> = { 1: "tree", 2: "free", 3: "rest", 4: "rest", 5: "tree" };

export interface PageUses {
  /** Undefined for a page of which nobody can tell. */
  readonly useOf: (page: number) => PageUse | undefined;
  /** Of the map. */
  readonly damagedPages: number;
}

export function pageUses(file: PageFile): PageUses {
  const { mapped, damagedPages } = mappedUses(file);
  const free = freePages(file);
  const inTrees = treePages(file);
  const useOf: PageUses["useOf"] = (page) => {
    const use = mapped.get(page) ?? (inTrees.has(page) ? "tree" : free && (free.has(page) ? "free" : "used"));
    const isContradicted =
      use !== "map" &&
      ((free && free.has(page) !== (use === "free")) || (inTrees.has(page) && use !== "tree"));
    return isContradicted ? undefined : use;
  };
  return { useOf, damagedPages };
}

/** As far as the way down to them is whole. */
function treePages(file: PageFile): ReadonlySet<number> {
  const pages = new Set<number>([1]);
  const waiting = [...ROOTS];
  for (let page = waiting.pop(); page !== undefined; page = waiting.pop()) {
    if (page < 1 || page > file.count || pages.has(page)) continue;
    pages.add(page);
    waiting.push(...(readTreePage(file, page)?.below ?? []));
  }
  return pages;
}

function mappedUses(file: PageFile): {
  readonly mapped: Map<number, PageUse>;
  readonly damagedPages: number;
} {
  let damagedPages = 0;
  const mapped = new Map<number, PageUse>([
    [1, "tree"],
    [LOCK_PAGE, "map"],
  ]);
  for (let first = 2; first <= file.count; first += MAPPED) {
    const map = first === LOCK_PAGE ? first + 1 : first;
    const last = Math.min(first + MAPPED - 1, file.count);
    mapped.set(map, "map");
    const entries = entriesOf(file, map, last);
    if (!entries) damagedPages++;
    for (const [index, use] of entries?.entries() ?? [])
      if (map + 1 + index !== LOCK_PAGE) mapped.set(map + 1 + index, use);
  }
  return { mapped, damagedPages };
}

/** Of a page of the map with an entry that cannot be, none is believed. */
function entriesOf(file: PageFile, map: number, last: number): PageUse[] | undefined {
  const page = file.page(map);
  if (!page) return undefined;
  const entries: PageUse[] = [];
  for (let number = map + 1; number <= last; number++) {
    const at = ENTRY_BYTES * (number - map - 1);
    const use = number === LOCK_PAGE ? "map" : BY_TYPE[page[at]!];
    if (!use || page.readUInt32BE(at + 1) > file.count) return undefined;
    entries.push(use);
  }
  return entries;
}

/** A chain of pages, each with the numbers of many. Undefined when it is damaged. */
function freePages(file: PageFile): ReadonlySet<number> | undefined {
  if (!file.header) return undefined;
  const free = new Set<number>();
  const isNew = (page: number): boolean => page > 1 && page <= file.count && !free.has(page);
  for (let trunk = file.header.firstFree; trunk !== 0;) {
    const page = isNew(trunk) ? file.page(trunk) : undefined;
    const count = page?.readUInt32BE(4) ?? Infinity;
    if (!page || count > PAGE_SIZE / 4 - 2) return undefined;
    free.add(trunk);
    for (let i = 0; i < count; i++) {
      const leaf = page.readUInt32BE(8 + 4 * i);
      if (!isNew(leaf)) return undefined;
      free.add(leaf);
    }
    trunk = page.readUInt32BE(0);
  }
  return free.size === file.header.freePages ? free : undefined;
}
