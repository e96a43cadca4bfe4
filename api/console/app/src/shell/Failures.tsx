// Keeps a page that failed from taking the console with it, and says so.
import { Component, type ReactNode } from "react";

type State = { failed: Error | null; at: string };

export class Failures extends Component<{ children: ReactNode }, State> {
  override state: State = { failed: null, at: "" };

  static getDerivedStateFromError(failed: Error): State {
    return { failed, at: location.href };
  }

  override componentDidUpdate() {
    // Another page may well work.
    if (this.state.failed && this.state.at !== location.href) {
      this.setState({ failed: null, at: "" });
    }
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
