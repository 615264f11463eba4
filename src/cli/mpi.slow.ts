import { testEndsOf, testTrainingOf } from '../testing/mpi-training.ts';

testTrainingOf('MPICH');
testEndsOf('Open MPI');
testEndsOf('MPICH');
