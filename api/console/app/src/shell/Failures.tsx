// Keeps a page that failed from taking the console with it, and says so.
import { Component, type ReactNode } from "react";
import { useLocation } from "wouter";

type Props = { address: string; children: ReactNode };
type State = { failed: Error | null; address: string };

/** The pages, of which one may fail; another one is shown as soon as it is opened. */
export function Failures({ children }: { children: ReactNode }) {
  const [address] = useLocation();
  return <Boundary address={address}>{children}</Boundary>;
}

class Boundary extends Component<Props, State> {
  override state: State = { failed: null, address: this.props.address };

  static getDerivedStateFromError(failed: Error): Partial<State> {
    return { failed };
  }

  static getDerivedStateFromProps({ address }: Props, before: State): State | null {
    return address === before.address ? null : { failed: null, address };
  }

  override render() {
    const { failed } = this.state;
    if (!failed) return this.props.children;
    return (
      <main id="page">
        <div className="problem" role="alert">
          <p>
            <strong>This page failed.</strong> {failed.message}
          </p>
          <button type="button" onClick={() => location.reload()}>
            Load it again
          </button>
        </div>
      </main>
    );
  }
}
