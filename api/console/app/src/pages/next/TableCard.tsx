// A table with its title, what it says in words, and itself as CSV.
import { type ReactNode, useId } from "react";
import { type Column, csv, DataTable, save } from "@/parts/DataTable";

type Props<Row> = {
  title: string;
  columns: readonly Column<Row>[];
  /** Columns of the CSV alone: what the table shows beside or below other figures. */
  more?: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  first?: number;
  /** What it says in words, above it. */
  children?: ReactNode;
};

export function TableCard<Row>(props: Props<Row>) {
  const { title, columns, more = [], rows, rowKey, first = 25, children } = props;
  const heading = useId();
  const text = () => csv([...columns, ...more], rows);
  return (
    <section className="card" aria-labelledby={heading}>
      <div className="row next-heading">
        <h2 id={heading}>{title}</h2>
        <button type="button" onClick={() => save(`${title.toLowerCase()}.csv`, text())}>
          CSV
        </button>
      </div>
      {children}
      <DataTable
        caption={`Table: ${title}`}
        columns={columns}
        rows={rows}
        rowKey={rowKey}
        first={first}
      />
    </section>
  );
}
