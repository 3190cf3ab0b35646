import { Component, type ReactNode } from "react";

import { Failure } from "./states";

interface Props {
  /** Another value is another try: the address, say. */
  at: string;
  children: ReactNode;
}

interface State {
  error: Error | null;
  at: string;
}

/**
 * Keeps the frame of the page when a screen fails: a mistake in it, or a part of it that could not be
 * fetched, as after an upgrade of the server, when the parts have other names.
 */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { error: null, at: this.props.at };

  static getDerivedStateFromError(error: Error): Partial<State> {
    return { error };
  }

  static getDerivedStateFromProps({ at }: Props, before: State): Partial<State> | null {
    return at === before.at ? null : { error: null, at };
  }

  override render() {
    const { error } = this.state;
    return error ? <Failure error={error} retry={() => window.location.reload()} /> : this.props.children;
  }
}
