// The table of one target's passes.
#include "passes.h"

#include "vec.h"

namespace sparse_robust {
namespace SR_TARGET {

void map(const MapCall&);
void mapGradient(const GradientMapCall&);
void maximumPool(const PoolCall&);
void averagePool(const PoolCall&);
void maximumPoolGradient(const PoolGradientCall&);
void averagePoolGradient(const PoolGradientCall&);
void flatten(const FlattenCall&);
void flattenGradient(const FlattenGradientCall&);
void statistics(const StatisticsCall&);
void gradientSums(const GradientSumsCall&);
void normGradient(const NormGradientCall&);
void blockFromImages(const ImagesCall&);
void imagesFromBlock(const ImagesCall&);
void signStep(const AscentCall&);
void normStep(const AscentCall&);
void normals(const NormalsCall&);

}  // namespace SR_TARGET

const Passes SR_JOIN(passes_, SR_TARGET) = {
    SR_TARGET::map,
    SR_TARGET::mapGradient,
    SR_TARGET::maximumPool,
    SR_TARGET::averagePool,
    SR_TARGET::maximumPoolGradient,
    SR_TARGET::averagePoolGradient,
    SR_TARGET::flatten,
    SR_TARGET::flattenGradient,
    SR_TARGET::statistics,
    SR_TARGET::gradientSums,
    SR_TARGET::normGradient,
    SR_TARGET::blockFromImages,
    SR_TARGET::imagesFromBlock,
    SR_TARGET::signStep,
    SR_TARGET::normStep,
    SR_TARGET::normals,
};

}  // namespace sparse_robust
