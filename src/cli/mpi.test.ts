import { testTrainingOf } from '../testing/mpi-training.ts';

// MPICH is tested in mpi.slow.ts.
testTrainingOf('Open MPI');
