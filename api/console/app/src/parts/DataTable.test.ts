import { describe, expect, it } from "vitest";
import { type Column, csv, inOrder } from "./DataTable";

type Row = { name: string; count: number | null };
const COLUMNS: Column<Row>[] = [
  { key: "name", title: "Name", value: ({ name }) => name },
  { key: "count", title: "Count, all", value: ({ count }) => count },
];
const ROWS: Row[] = [
  { name: "b10", count: null },
  { name: "b9", count: 2 },
  { name: "a", count: 10 },
];
const names = (rows: readonly Row[]) => rows.map(({ name }) => name);

describe("the order of rows", () => {
  it("follows numbers in names, and figures by their size", () => {
    expect(names(inOrder(ROWS, COLUMNS, { key: "name", descending: false }))).toEqual([
      "a",
      "b9",
      "b10",
    ]);
    expect(names(inOrder(ROWS, COLUMNS, { key: "count", descending: true }))).toEqual([
      "a",
      "b9",
      "b10",
    ]);
  });

  it("puts what is not known last, whichever way", () => {
    expect(names(inOrder(ROWS, COLUMNS, { key: "count", descending: false })).at(-1)).toBe("b10");
    expect(names(inOrder(ROWS, COLUMNS, { key: "count", descending: true })).at(-1)).toBe("b10");
  });

  it("stays as it is where nothing sorts it", () => {
    expect(inOrder(ROWS, COLUMNS, null)).toBe(ROWS);
    expect(inOrder(ROWS, COLUMNS, { key: "absent", descending: false })).toBe(ROWS);
  });
});

describe("CSV", () => {
  it("has exact figures, empty fields for the unknown, and quotes where they are needed", () => {
    const rows = [
      { name: 'say "x", y', count: 0.1 + 0.2 },
      { name: "two\nlines", count: null },
    ];
    expect(csv(COLUMNS, rows)).toBe(
      'Name,"Count, all"\r\n"say ""x"", y",0.30000000000000004\r\n"two\nlines",\r\n',
    );
  });

  it.each(["=1+1", "+1", "-1", "@x", "\tx"])("makes no formula of a name: %s", (name) => {
    expect(csv(COLUMNS, [{ name, count: -1 }])).toContain(`'${name}`);
  });
});
