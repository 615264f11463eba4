import { testEvaluationOf } from '../testing/mpi-evaluation.ts';
import { testOneDnnOf, testTrainingOf } from '../testing/mpi-training.ts';

// MPICH is tested in mpi.slow.ts.
testTrainingOf('Open MPI');
testEvaluationOf('Open MPI', [2]);
testOneDnnOf('Open MPI');
