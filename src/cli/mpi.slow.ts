import { testEvaluationOf, testOtherCommandsOf } from '../testing/mpi-evaluation.ts';
import { testStopsOf } from '../testing/mpi-stops.ts';
import { testEndsOf, testTrainingOf } from '../testing/mpi-training.ts';

testTrainingOf('MPICH');
testEndsOf('Open MPI');
testEndsOf('MPICH');
testEvaluationOf('MPICH', [2, 3]);
testOtherCommandsOf('Open MPI');
testOtherCommandsOf('MPICH');
testStopsOf('Open MPI');
testStopsOf('MPICH');
