// A table that can be sorted by any column, by pointer or keyboard, and saved as CSV.
import { type ReactNode, useMemo, useState } from "react";

export type Column<Row> = {
  key: string;
  title: string;
  /** What is sorted by and written to CSV; null where nothing is known, which sorts last. */
  value: (row: Row) => string | number | null | undefined;
  /** What is shown, where that is more than the value. */
  cell?: (row: Row) => ReactNode;
  /** Figures stand at the end of their cell, so that their digits line up. */
  figures?: boolean;
};

type Sorting = { key: string; descending: boolean };

type Props<Row> = {
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row, place: number) => string;
  sorted?: Sorting;
  /** Rows beyond these are shown when asked for. */
  first?: number;
};

export function DataTable<Row>({
  caption,
  columns,
  rows,
  rowKey,
  sorted,
  first = 200,
}: Props<Row>) {
  const [sorting, setSorting] = useState<Sorting | null>(sorted ?? null);
  const [shown, setShown] = useState(first);
  const ordered = useMemo(() => inOrder(rows, columns, sorting), [rows, columns, sorting]);
  const sort = (key: string) =>
    setSorting((now) => ({ key, descending: now?.key === key ? !now.descending : false }));
  return (
    // A table wider than the page scrolls by itself, and the keyboard has to reach it for that.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls takes the focus
    <section className="table-frame" tabIndex={0} aria-label={caption}>
      <table>
        <caption className="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ key, title, figures }) => {
              const direction = sorting?.key !== key ? "none" : sortWord(sorting);
              return (
                <th key={key} scope="col" aria-sort={direction} data-figures={figures || undefined}>
                  <button type="button" className="sort" onClick={() => sort(key)}>
                    {title}
                    <span aria-hidden="true">{MARK[direction]}</span>
                  </button>
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {ordered.slice(0, shown).map((row, place) => (
            <tr key={rowKey(row, place)}>
              {columns.map(({ key, cell, value, figures }) => (
                <td key={key} data-figures={figures || undefined}>
                  {cell ? cell(row) : (value(row) ?? "–")}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {ordered.length > shown ? (
        <button type="button" className="more" onClick={() => setShown(shown + 1000)}>
          {ordered.length - shown} more rows
        </button>
      ) : null}
    </section>
  );
}

const MARK = { none: "", ascending: " ▲", descending: " ▼" };

function sortWord({ descending }: Sorting): "ascending" | "descending" {
  return descending ? "descending" : "ascending";
}

/** Rows by a column; equal ones keep their order, unknown ones come last either way. */
export function inOrder<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  sorting: Sorting | null,
): readonly Row[] {
  const column = columns.find(({ key }) => key === sorting?.key);
  if (!column || !sorting) return rows;
  const sign = sorting.descending ? -1 : 1;
  return [...rows].sort((one, other) => {
    const [a, b] = [column.value(one) ?? null, column.value(other) ?? null];
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    if (typeof a === "number" && typeof b === "number") return sign * (a - b);
    return sign * String(a).localeCompare(String(b), "en", { numeric: true });
  });
}

/** Rows as CSV (RFC 4180), the titles first. Text that a spreadsheet would run is made plain. */
export function csv<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const lines = rows.map((row) => columns.map(({ value }) => field(value(row))));
  return [columns.map(({ title }) => field(title)), ...lines]
    .map((line) => `${line.join(",")}\r\n`)
    .join("");
}

function field(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const plain = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

/** Hand a text to the browser as a file. */
export function save(name: string, text: string, type = "text/csv") {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
