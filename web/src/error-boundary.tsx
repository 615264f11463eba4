/** Shows a message in the place of what cannot be shown, so that one bad value does not empty the page. */
import { Component, type ComponentChildren } from 'preact';
import { messageOf } from '../../src/errors.ts';
import { Failure } from './message.tsx';

interface BoundaryProps {
  readonly children: ComponentChildren;
}

interface BoundaryState {
  readonly error?: string;
}

export class ErrorBoundary extends Component<BoundaryProps, BoundaryState> {
  override state: BoundaryState = {};

  static override getDerivedStateFromError(error: unknown): BoundaryState {
    return { error: messageOf(error) };
  }

  override render({ children }: BoundaryProps, { error }: BoundaryState) {
    return error === undefined ? children : <Failure error={`This cannot be shown: ${error}`} />;
  }
}
