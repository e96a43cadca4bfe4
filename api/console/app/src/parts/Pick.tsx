// A few choices side by side, of which one holds: radio buttons that look like one bar.
import { useId } from "react";

type Props<Value extends string> = {
  label: string;
  value: Value;
  options: readonly (readonly [Value, string])[];
  choose: (value: Value) => void;
};

export function Pick<Value extends string>({ label, value, options, choose }: Props<Value>) {
  const name = useId();
  return (
    <fieldset className="pick">
      <legend className="unseen">{label}</legend>
      {options.map(([option, word]) => (
        <label key={option}>
          <input
            type="radio"
            name={name}
            value={option}
            checked={option === value}
            onChange={() => choose(option)}
          />
          <span>{word}</span>
        </label>
      ))}
    </fieldset>
  );
}
