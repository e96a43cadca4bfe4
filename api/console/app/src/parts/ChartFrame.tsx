// What stands around every chart: its title, the table behind it, and that table as CSV.
import { type ReactNode, useId, useState } from "react";
import { type Column, csv, DataTable, save } from "./DataTable";

type Props<Row> = {
  title: ReactNode;
  /** The name of the table, and of the file without its ending. */
  name: string;
  /** Left out where the table itself is what is shown. */
  chart?: ReactNode;
  columns: readonly Column<Row>[];
  /** The rows, or what makes them once they are looked at: a chart may stand for very many. */
  rows: readonly Row[] | (() => readonly Row[]);
  rowKey: (row: Row, place: number) => string;
  /** Columns of the CSV alone: what the table shows beside or below other figures. */
  more?: readonly Column<Row>[];
  /** Rows beyond these are shown when asked for. */
  first?: number;
  /** What it says in words, above it. */
  above?: ReactNode;
  /** What stands below the chart: legend, notes. */
  children?: ReactNode;
};

export function ChartFrame<Row>(props: Props<Row>) {
  const { title, name, chart, columns, more = [], rows, rowKey, above, children } = props;
  const [asTable, setAsTable] = useState(chart === undefined);
  const heading = useId();
  const made = () => (typeof rows === "function" ? rows() : rows);
  return (
    <section className="chart-frame" aria-labelledby={heading}>
      <header>
        <h2 id={heading}>{title}</h2>
        <div className="buttons">
          {chart === undefined ? null : (
            <button type="button" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
              Table
            </button>
          )}
          <button
            type="button"
            onClick={() => save(`${name}.csv`, csv([...columns, ...more], made()))}
          >
            CSV
          </button>
        </div>
      </header>
      {above}
      {asTable ? (
        <DataTable
          caption={`Table: ${name}`}
          columns={columns}
          rows={made()}
          rowKey={rowKey}
          first={props.first ?? 50}
        />
      ) : (
        chart
      )}
      {children}
    </section>
  );
}
